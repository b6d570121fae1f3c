//! What the user has set: `nnrun.…` in the editor's configuration.

use serde_json::Value;

/// The name of our section in the client's configuration.
pub(super) const SECTION: &str = "nnrun";

/// What the user has set. Each stands under its name in `initializationOptions`, in the section `nnrun`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    /// `inlayHints.shapes`: the shape behind every stage.
    pub hints_of_shapes: bool,
    /// `inlayHints.parameters`: how many numbers a layer learns.
    pub hints_of_parameters: bool,
    /// `codeLens.run`: `▶ Run` above each train.
    pub lens_to_run: bool,
    /// `codeLens.size`: parameters, bytes and FLOPs above each model.
    pub lens_of_size: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { hints_of_shapes: true, hints_of_parameters: true, lens_to_run: true, lens_of_size: true }
    }
}

impl Settings {
    /// Takes what is set, and leaves what is not. `value` is the section, or an object with the section in it.
    pub fn update(&mut self, value: &Value) {
        let section = value.get(SECTION).unwrap_or(value);
        let places: [(&str, &mut bool); 4] = [
            ("inlayHints.shapes", &mut self.hints_of_shapes),
            ("inlayHints.parameters", &mut self.hints_of_parameters),
            ("codeLens.run", &mut self.lens_to_run),
            ("codeLens.size", &mut self.lens_of_size),
        ];
        for (name, place) in places {
            // Some editors send objects in objects, some the dotted names.
            let nested = section.pointer(&format!("/{}", name.replace('.', "/")));
            let dotted = section.get(name).or_else(|| value.get(format!("{SECTION}.{name}")));
            if let Some(set) = nested.or(dotted).and_then(Value::as_bool) {
                *place = set;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_found_in_every_form() {
        let off = |value: Value| {
            let mut settings = Settings::default();
            settings.update(&value);
            (settings.hints_of_shapes, settings.hints_of_parameters)
        };
        assert_eq!(off(json!({ "inlayHints": { "shapes": false } })), (false, true));
        assert_eq!(off(json!({ "nnrun": { "inlayHints": { "parameters": false } } })), (true, false));
        assert_eq!(off(json!({ "nnrun.inlayHints.shapes": false })), (false, true));
        assert_eq!(off(json!({ "inlayHints.shapes": false, "inlayHints": 3 })), (false, true));
        assert_eq!(off(json!(null)), (true, true));
    }
}
