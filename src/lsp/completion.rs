//! What could stand at the cursor, and what a call takes.

use super::failure::Failure;
use super::requests::Family;
use super::snapshot::Snapshot;
use crate::ide::{self, Offer, OfferKind};
use gen_lsp_types::{
    CompletionItem, CompletionItemKind, CompletionList, CompletionOptions, CompletionParams, CompletionRequest,
    CompletionResponse, Documentation, InsertTextFormat, MarkupContent, MarkupKind, ParameterInformation,
    SignatureHelp, SignatureHelpOptions, SignatureHelpParams, SignatureHelpRequest, SignatureInformation, TextEdit,
};

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| {
        let letters = |letters: &[&str]| Some(letters.iter().map(|l| (*l).to_owned()).collect());
        capabilities.completion_provider = Some(CompletionOptions {
            trigger_characters: letters(&[".", ">", "(", "[", ":", ",", "\"", "/", " "]),
            ..CompletionOptions::default()
        });
        capabilities.signature_help_provider = Some(SignatureHelpOptions {
            trigger_characters: letters(&["(", ","]),
            retrigger_characters: letters(&[":", " "]),
            ..SignatureHelpOptions::default()
        });
    },
    answer: |requests| {
        requests.on::<CompletionRequest>(completion).on::<SignatureHelpRequest>(signature);
    },
};

/// `textDocument/completion`
fn completion(snapshot: &Snapshot, params: CompletionParams) -> Result<Option<CompletionResponse>, Failure> {
    let at = params.text_document_position_params;
    let analysis = snapshot.analysis(&at.text_document.uri)?;
    let earlier = snapshot.analyses.last_whole(&at.text_document.uri);
    let earlier = earlier.as_ref().map(|earlier| (&earlier.checked, earlier.names()));
    let offers = ide::complete(&analysis.checked, analysis.names(), earlier, analysis.offset(at.position));
    let items = offers.into_iter().enumerate().map(|(place, offer)| {
        let range = analysis.range(offer.replaces);
        item(offer, place, range, snapshot)
    });
    let list = CompletionList { is_incomplete: false, item_defaults: None, apply_kind: None, items: items.collect() };
    Ok(Some(list.into()))
}

fn item(offer: Offer, place: usize, range: gen_lsp_types::Range, snapshot: &Snapshot) -> CompletionItem {
    let is_snippet = offer.is_snippet && snapshot.client.fills_snippets;
    let text = if offer.is_snippet && !is_snippet { without_places(&offer.text) } else { offer.text };
    let format = if is_snippet { InsertTextFormat::Snippet } else { InsertTextFormat::PlainText };
    CompletionItem {
        label: offer.label.clone(),
        kind: Some(kind_of(offer.kind)),
        detail: Some(offer.detail).filter(|d| !d.is_empty()),
        documentation: Some(offer.documentation).filter(|d| !d.is_empty()).map(markdown),
        // The order of the list is that of how well they fit.
        sort_text: Some(format!("{place:05}")),
        filter_text: Some(offer.label),
        insert_text_format: Some(format),
        text_edit: Some(TextEdit { range, new_text: text }.into()),
        ..CompletionItem::default()
    }
}

fn kind_of(kind: OfferKind) -> CompletionItemKind {
    match kind {
        OfferKind::Layer => CompletionItemKind::Class,
        OfferKind::Function => CompletionItemKind::Function,
        OfferKind::Entry => CompletionItemKind::Function,
        OfferKind::Value => CompletionItemKind::Variable,
        OfferKind::Hyper => CompletionItemKind::Constant,
        OfferKind::Dimension => CompletionItemKind::TypeParameter,
        OfferKind::Field | OfferKind::Column => CompletionItemKind::Field,
        OfferKind::Argument | OfferKind::Setting => CompletionItemKind::Property,
        OfferKind::Choice => CompletionItemKind::EnumMember,
        OfferKind::Keyword => CompletionItemKind::Keyword,
        OfferKind::Item => CompletionItemKind::Snippet,
        OfferKind::Model => CompletionItemKind::Interface,
        OfferKind::Data => CompletionItemKind::Struct,
        OfferKind::File => CompletionItemKind::File,
        OfferKind::Folder => CompletionItemKind::Folder,
    }
}

fn markdown(text: String) -> Documentation {
    MarkupContent { kind: MarkupKind::Markdown, value: text }.into()
}

/// A snippet for a client that fills in none: `Dense(${1:units})` is `Dense(units)`.
fn without_places(snippet: &str) -> String {
    let mut text = String::new();
    let mut rest = snippet;
    while let Some((before, behind)) = rest.split_once('$') {
        if let Some(escaped) = before.strip_suffix('\\') {
            text.push_str(escaped);
            text.push('$');
            rest = behind;
            continue;
        }
        text.push_str(before);
        let end_of_number = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        rest = match behind.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
            Some((inside, after)) => {
                let shown = inside.trim_start_matches(|c: char| c.is_ascii_digit());
                let first = shown.trim_start_matches([':', '|']).split(['|', ',']).next().unwrap_or("");
                // Of a choice the first, of a place the whole of what is in it.
                text.push_str(if shown.starts_with('|') { first } else { shown.trim_start_matches(':') });
                after
            }
            None => behind.get(end_of_number..).unwrap_or(""),
        };
    }
    text.push_str(rest);
    text
}

/// `textDocument/signatureHelp`
fn signature(snapshot: &Snapshot, params: SignatureHelpParams) -> Result<Option<SignatureHelp>, Failure> {
    let at = params.text_document_position_params;
    let analysis = snapshot.analysis(&at.text_document.uri)?;
    let earlier = snapshot.analyses.last_whole(&at.text_document.uri);
    let earlier = earlier.as_ref().map(|earlier| (&earlier.checked, earlier.names()));
    let offset = analysis.offset(at.position);
    let Some(found) = ide::signature(&analysis.checked, analysis.names(), earlier, offset) else { return Ok(None) };
    let units = |bytes: usize| found.label.get(..bytes).unwrap_or("").encode_utf16().count() as u32;
    let parameters = found.parameters.iter().map(|parameter| ParameterInformation {
        label: (units(parameter.label.start), units(parameter.label.end)).into(),
        documentation: Some(parameter.documentation.clone()).filter(|d| !d.is_empty()).map(markdown),
    });
    // None of them is one that is not there.
    let active = found.active.unwrap_or(found.parameters.len()) as u32;
    let information = SignatureInformation {
        label: found.label.clone(),
        documentation: Some(markdown(found.documentation.clone())),
        parameters: Some(parameters.collect()),
        active_parameter: Some(active.into()),
    };
    Ok(Some(SignatureHelp {
        signatures: vec![information],
        active_signature: Some(0),
        active_parameter: Some(active.into()),
    }))
}

#[cfg(test)]
mod tests {
    use super::without_places;

    #[test]
    fn snippets_without_places_are_texts() {
        for (snippet, text) in [
            ("Dense(${1:units})", "Dense(units)"),
            ("shuffle: ${1|false,true|}", "shuffle: false"),
            ("csv(\"$1\")", "csv(\"\")"),
            ("expect {\n  $0\n}", "expect {\n  \n}"),
            ("[${1:T, D}]", "[T, D]"),
            ("cost \\$5", "cost $5"),
        ] {
            assert_eq!(without_places(snippet), text);
        }
    }
}
