//! Time.

unsafe extern "C" {
    safe fn k_uptime_get_32() -> u32;
    safe fn k_msleep(milliseconds: i32) -> i32;
    safe fn k_busy_wait(microseconds: u32);
}

/// Milliseconds since boot; wraps after 49 days.
pub fn uptime_ms() -> u32 {
    k_uptime_get_32()
}

/// Waits, letting the CPU sleep.
pub fn sleep_ms(milliseconds: u32) {
    k_msleep(i32::try_from(milliseconds).unwrap_or(i32::MAX));
}

/// Waits, keeping the CPU busy.
pub fn busy_wait_us(microseconds: u32) {
    k_busy_wait(microseconds);
}
