//! The attribute `#[llext::export]`. No dependencies: an extension is built without a network.

use std::iter::Peekable;

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Span, TokenStream, TokenTree};

/// Makes a function or a `static` known to the shell and to other extensions.
///
/// A function becomes an `extern "C"` function of that very name. From the shell it gets up to eight words; a string
/// arrives as a pointer to its first byte (`llext::Text`).
#[proc_macro_attribute]
pub fn export(options: TokenStream, item: TokenStream) -> TokenStream {
    if let Some(option) = options.into_iter().next() {
        return refuse("#[llext::export] has no options", option.span());
    }
    match Item::parse(item) {
        Ok(item) => item.exported(),
        Err((why, span)) => refuse(why, span),
    }
}

type Tokens = Peekable<proc_macro::token_stream::IntoIter>;
type Refusal = (&'static str, Span);

/// What is exported.
struct Item {
    /// Attributes and visibility.
    before: TokenStream,
    kind: Kind,
    name: Ident,
    /// All behind the name.
    after: TokenStream,
}

enum Kind {
    Function { is_unsafe: bool },
    Static { is_mut: bool },
}

impl Item {
    fn parse(item: TokenStream) -> Result<Self, Refusal> {
        let mut tokens = item.into_iter().peekable();
        let before = before(&mut tokens);
        let mut is_unsafe = false;
        while let Some(token) = tokens.next() {
            let span = token.span();
            match token.to_string().as_str() {
                "unsafe" => is_unsafe = true,
                // What follows is the ABI.
                "extern" => match tokens.next_if(|token| matches!(token, TokenTree::Literal(_))) {
                    Some(abi) if abi.to_string() != "\"C\"" => {
                        return Err(("what is exported has the C ABI", abi.span()));
                    }
                    _ => {}
                },
                "fn" => {
                    let kind = Kind::Function { is_unsafe };
                    return Self::named(before, kind, &mut tokens, span);
                }
                "static" => {
                    let is_mut = tokens.next_if(|token| token.to_string() == "mut").is_some();
                    return Self::named(before, Kind::Static { is_mut }, &mut tokens, span);
                }
                "async" => return Err(("an async function cannot be exported", span)),
                "const" => return Err(("a constant has no address: export a static", span)),
                _ => return Err(("only a function or a static can be exported", span)),
            }
        }
        Err((
            "only a function or a static can be exported",
            Span::call_site(),
        ))
    }

    fn named(
        before: TokenStream,
        kind: Kind,
        tokens: &mut Tokens,
        span: Span,
    ) -> Result<Self, Refusal> {
        let Some(TokenTree::Ident(name)) = tokens.next() else {
            return Err(("a name is missing", span));
        };
        if let Some(TokenTree::Punct(next)) = tokens.peek()
            && next.as_char() == '<'
        {
            return Err((
                "a generic function has no address: export one that calls it",
                next.span(),
            ));
        }
        Ok(Self {
            before,
            kind,
            name,
            after: tokens.collect(),
        })
    }

    /// The item under its own name for the linker, and its record in `.exported_sym`.
    fn exported(self) -> TokenStream {
        let name = self.name.to_string();
        let (keywords, address) = match self.kind {
            Kind::Function { is_unsafe: false } => {
                ("extern \"C\" fn", format!("{name} as *const ()"))
            }
            Kind::Function { is_unsafe: true } => {
                ("unsafe extern \"C\" fn", format!("{name} as *const ()"))
            }
            Kind::Static { is_mut: false } => ("static", format!("&raw const {name} as *const ()")),
            Kind::Static { is_mut: true } => {
                ("static mut", format!("&raw const {name} as *const ()"))
            }
        };
        let mut all = parsed("#[unsafe(no_mangle)]");
        all.extend(self.before);
        all.extend(parsed(keywords));
        all.extend([TokenTree::Ident(self.name)]);
        all.extend(self.after);
        all.extend(parsed(&format!(
            "const _: () = {{
                #[used]
                #[unsafe(link_section = \".exported_sym\")]
                static RECORD: ::llext::export::Record =
                    ::llext::export::Record::new(concat!(stringify!({name}), \"\\0\"), {address});
            }};"
        )));
        all
    }
}

/// Attributes, and the visibility: what others export they may also use in Rust, so `pub` is the default.
fn before(tokens: &mut Tokens) -> TokenStream {
    let mut before = TokenStream::new();
    while tokens.peek().is_some_and(|token| token.to_string() == "#") {
        before.extend(tokens.next());
        before.extend(tokens.next());
    }
    match tokens.next_if(|token| token.to_string() == "pub") {
        None => before.extend(parsed("pub")),
        visibility => {
            before.extend(visibility);
            before.extend(tokens.next_if(|token| {
                matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
            }));
        }
    }
    before
}

fn parsed(text: &str) -> TokenStream {
    text.parse().expect("tokens of Rust")
}

/// A compiler's error at `span`.
fn refuse(why: &str, span: Span) -> TokenStream {
    let why = TokenStream::from(TokenTree::Literal(Literal::string(why)));
    let mut tokens = parsed("::core::compile_error!");
    tokens.extend([
        TokenTree::Group(Group::new(Delimiter::Parenthesis, why)),
        TokenTree::Punct(Punct::new(';', proc_macro::Spacing::Alone)),
    ]);
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}
