//! `image_folder("photos", size: 32)`

use super::checker::Checker;
use super::data_block::DataScope;
use super::mistake::Mistake;
use super::value::{Value, show_number};
use crate::catalog::{self, EntryKind};
use crate::data::SourceSpec;
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr};

/// Arguments beside the folders.
const OWN: &[&str] = &["size", "channels"];
/// A side that is longer is a slip.
const MOST_PIXELS: f64 = 16_384.0;

impl Checker<'_> {
    pub(super) fn image_folder(&mut self, args: &[Arg], span: Span, scope: &mut DataScope) -> Option<SourceSpec> {
        let own = |arg: &&Arg| arg.name.as_ref().is_some_and(|n| OWN.contains(&&*n.name));
        let named = |name: &str| -> Vec<&Arg> {
            args.iter().filter(|a| a.name.as_ref().is_some_and(|n| &*n.name == name)).collect()
        };
        for name in OWN {
            if let [first, second, ..] = named(name).as_slice() {
                let (callee, name, first) = ("image_folder".to_owned(), (*name).to_owned(), first.span());
                self.mistake(second.span(), &Mistake::RepeatedArgument { callee, name, first });
                return None;
            }
        }
        let folders: Vec<&Arg> = args.iter().filter(|a| !own(a)).collect();
        let folders = self.files("image_folder", &folders, OWN, span, scope)?;
        let size = match named("size").first() {
            Some(arg) => self.image_size(&arg.value, scope),
            None => {
                let entry = catalog::find("image_folder", &[EntryKind::Source]);
                let doc = entry.and_then(|e| e.param("size")).map_or("", |p| p.doc).to_owned();
                let (callee, param) = ("image_folder".to_owned(), "size".to_owned());
                self.mistake(span, &Mistake::MissingArgument { callee, param, doc });
                None
            }
        };
        let channels = match named("channels").first() {
            None => Some(3),
            Some(arg) => match self.data_number(&arg.value, scope) {
                Some(n) if n == 1.0 || n == 3.0 => Some(n as usize),
                Some(n) => {
                    let wanted = "1 (gray) or 3 (red, green, blue)".to_owned();
                    let (callee, param, found) = ("image_folder".to_owned(), "channels".to_owned(), show_number(n));
                    self.mistake(arg.value.span, &Mistake::ArgumentType { callee, param, wanted, found });
                    None
                }
                None => None,
            },
        };
        Some(SourceSpec::ImageFolder { folders, size: size?, channels: channels?, labeled: true })
    }

    /// `32`, `[28, 36]`
    fn image_size(&mut self, expr: &Expr, scope: &mut DataScope) -> Option<[usize; 2]> {
        let value = self.expression(expr, &mut scope.frame);
        let sides: Vec<&Value> = match &value {
            Value::List(items) => items.iter().collect(),
            one => vec![one, one],
        };
        let [height, width] = sides.as_slice() else {
            let (callee, param) = ("image_folder".to_owned(), "size".to_owned());
            let (wanted, found) = ("a number, or height and width".to_owned(), value.describe());
            self.mistake(expr.span, &Mistake::ArgumentType { callee, param, wanted, found });
            return None;
        };
        let mut size = [0; 2];
        for (side, value) in size.iter_mut().zip([height, width]) {
            match value {
                Value::Number(n) if *n >= 1.0 && n.fract() == 0.0 && *n <= MOST_PIXELS => *side = *n as usize,
                Value::Number(n) => {
                    self.mistake(expr.span, &Mistake::NotASize { number: show_number(*n), hole: false });
                    return None;
                }
                Value::Unknown => return None,
                other => {
                    let (callee, param) = ("image_folder".to_owned(), "size".to_owned());
                    let (wanted, found) = ("a number, or height and width".to_owned(), other.describe());
                    self.mistake(expr.span, &Mistake::ArgumentType { callee, param, wanted, found });
                    return None;
                }
            }
        }
        Some(size)
    }
}
