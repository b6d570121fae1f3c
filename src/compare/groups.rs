//! The `group`s of a train, and the order of its phases.

use super::written::{WrittenGroup, alike};
use super::{Change, Difference, Found};
use crate::check::{Checked, Train};
use crate::source::Span;

impl Found<'_> {
    /// Those of the same weights are held against each other, then the others in their order.
    pub(super) fn groups(&mut self, subject: &str, before: Vec<WrittenGroup>, after: Vec<WrittenGroup>) {
        let of = |group: &WrittenGroup| format!("{subject}: group {}", group.patterns);
        let mut partners: Vec<Option<usize>> = vec![None; after.len()];
        for is_any_fine in [false, true] {
            for (group, place) in after.iter().zip(0..) {
                let mut free = before.iter().enumerate().filter(|(at, _)| !partners.contains(&Some(*at)));
                let found = free.find(|(_, old)| is_any_fine || alike(&old.patterns, &group.patterns));
                let found = found.map(|(at, _)| at);
                if let Some(partner) = partners.get_mut(place).filter(|partner| partner.is_none()) {
                    *partner = found;
                }
            }
        }
        for (group, partner) in after.iter().zip(&partners) {
            match partner.and_then(|at| before.get(at)) {
                Some(old) => {
                    self.turned(subject, "group", &old.patterns, &group.patterns, group.span);
                    self.settings(&of(group), &old.settings, &group.settings);
                }
                None => self.group(&of(group), group, Change::Added),
            }
        }
        for (at, old) in before.iter().enumerate() {
            if !partners.contains(&Some(at)) {
                self.group(&of(old), old, Change::Removed);
            }
        }
        let kept: Vec<usize> = partners.into_iter().flatten().collect();
        if let (false, Some(first)) = (kept.is_sorted(), after.first()) {
            let change = "the groups stand in another order, and the last that matches wins".to_owned();
            self.changed(subject, change, first.span);
        }
    }

    /// A group that is only in one of the programs, with what it says.
    fn group(&mut self, subject: &str, group: &WrittenGroup, kind: Change) {
        let settings: Vec<String> = group.settings.iter().map(|(key, value, _)| format!("{key} {value}")).collect();
        let (checked, what) = match kind {
            Change::Removed => (self.before, "is gone"),
            Change::Added | Change::Changed => (self.after, "is new"),
        };
        let line = Found::line(checked, group.span);
        let change = format!("{} {what}", settings.join(", ")).trim_start().to_owned();
        self.all.push(Difference { subject: subject.to_owned(), change, line, kind });
    }

    /// Whether the phases that both programs have follow each other otherwise.
    pub(super) fn order_of_phases(&mut self) {
        let titles = |checked: &Checked| -> Vec<(String, Span)> {
            let phases = checked.program.trains.iter().filter(|train| train.phase.is_some());
            phases.map(|train: &Train| (train.title(), train.span)).collect()
        };
        let (before, after) = (titles(self.before), titles(self.after));
        let place = |title: &String| before.iter().position(|(other, _)| other == title);
        let mut last: Option<(usize, Span)> = None;
        let mut moved: Vec<Span> = Vec::new();
        for (title, span) in &after {
            let Some(at) = place(title) else { continue };
            // The phases of one train stand behind its name.
            if last.is_some_and(|(before, of)| of == *span && at < before) && !moved.contains(span) {
                moved.push(*span);
            }
            last = Some((at, *span));
        }
        for span in moved {
            let model = self.after.sources.text(span).to_owned();
            self.changed(format!("train {model}"), "its phases follow each other in another order".to_owned(), span);
        }
    }
}
