// Tentative definitions in SHN_COMMON, of several sizes and alignments.

__attribute__((common)) int common_word;
__attribute__((common)) char common_bytes[33];
__attribute__((common, aligned(64))) char common_aligned[10];
__attribute__((common)) long long common_wide;

long long *wide = &common_wide;
char *inside = &common_bytes[7];

long long use_common(int index) {
    common_word += common_bytes[index] + common_aligned[index & 7];
    return common_wide + common_word;
}
