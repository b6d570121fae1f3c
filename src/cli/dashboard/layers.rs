//! The gradients of the weights, layer by layer, as they were and as they are.

use crate::train::Gradients;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many of the last norms are shown, at most.
const REMEMBERED: usize = 64;
/// A scale of fewer powers of ten would make noise look like news.
const LEAST_DECADES: i32 = 2;
/// A gradient so much smaller than another is as good as none.
const MOST_DECADES: i32 = 6;

/// Layers in the order of their weights.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// See above.
    pub layers: Vec<Layer>,
    /// Why there are none.
    pub missing: Option<String>,
    /// The step that they were last looked at in.
    pub step: u64,
}

/// The weights of one layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its path: `encoder.dense1`; that of the weight where it stands alone.
    pub name: String,
    /// Its own name and its norms.
    pub weights: Vec<(String, Norms)>,
    /// Of all of them together.
    pub norms: Norms,
}

/// The last norms, the newest at the end.
pub type Norms = VecDeque<f64>;

impl Layers {
    /// Takes what was found.
    pub fn push(&mut self, found: &Gradients) {
        self.step = found.step;
        if found.missing.is_some() {
            self.missing.clone_from(&found.missing);
            return;
        }
        for (path, norm) in &found.norms {
            self.weight(path, *norm);
        }
        for layer in &mut self.layers {
            let last = layer.weights.iter().filter_map(|(_, norms)| norms.back());
            let norm = last.map(|norm| norm * norm).sum::<f64>().sqrt();
            remember(&mut layer.norms, norm);
        }
    }

    fn weight(&mut self, path: &Arc<str>, norm: f64) {
        let (layer, weight) = path.rsplit_once('.').unwrap_or((path, ""));
        let at = self.layers.iter().position(|known| known.name == layer).unwrap_or_else(|| {
            let new = Layer { name: layer.to_owned(), weights: Vec::new(), norms: Norms::new() };
            self.layers.push(new);
            self.layers.len() - 1
        });
        let Some(layer) = self.layers.get_mut(at) else { return };
        match layer.weights.iter_mut().find(|(known, _)| known == weight) {
            Some((_, norms)) => remember(norms, norm),
            None => layer.weights.push((weight.to_owned(), Norms::from([norm]))),
        }
    }

    /// The norm of all of them.
    pub fn total(&self) -> Option<f64> {
        let last: Vec<f64> = self.layers.iter().filter_map(|layer| layer.norms.back().copied()).collect();
        (!last.is_empty()).then(|| last.iter().map(|norm| norm * norm).sum::<f64>().sqrt())
    }

    /// The powers of ten between which the norms of these lie.
    pub fn decades(&self) -> (i32, i32) {
        let norms = || {
            let of_weights = self.layers.iter().flat_map(|layer| &layer.weights).flat_map(|(_, norms)| norms);
            of_weights.chain(self.layers.iter().flat_map(|l| &l.norms)).filter(|n| n.is_finite() && **n > 0.0)
        };
        let least = norms().fold(f64::INFINITY, |a, b| a.min(*b));
        let most = norms().fold(0.0_f64, |a, b| a.max(*b));
        if most == 0.0 {
            return (-LEAST_DECADES, 0);
        }
        let high = most.log10().ceil() as i32;
        let low = (least.log10().floor() as i32).max(high - MOST_DECADES).min(high - LEAST_DECADES);
        (low, high)
    }
}

fn remember(norms: &mut Norms, norm: f64) {
    if norms.len() == REMEMBERED {
        norms.pop_front();
    }
    norms.push_back(norm);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(step: u64, norms: &[(&str, f64)]) -> Gradients {
        let norms = norms.iter().map(|(path, norm)| (Arc::from(*path), *norm)).collect();
        Gradients { epoch: 1, step, norms, missing: None }
    }

    #[test]
    fn weights_come_together_in_layers() {
        let mut layers = Layers::default();
        layers.push(&found(1, &[("a.dense1.weight", 3.0), ("a.dense1.bias", 4.0), ("scale", 12.0)]));
        let names: Vec<&str> = layers.layers.iter().map(|layer| layer.name.as_str()).collect();
        assert_eq!(names, ["a.dense1", "scale"]);
        assert_eq!(layers.layers[0].norms, [5.0]);
        assert_eq!(layers.total(), Some(13.0));
    }

    #[test]
    fn only_the_last_norms_are_remembered() {
        let mut layers = Layers::default();
        (0..1000).for_each(|step| layers.push(&found(step, &[("dense1.weight", step as f64)])));
        assert_eq!(layers.layers[0].norms.len(), REMEMBERED);
        assert_eq!(layers.layers[0].norms.back(), Some(&999.0));
    }

    #[test]
    fn the_scale_has_room_and_an_end() {
        let scale = |norms: &[(&str, f64)]| {
            let mut layers = Layers::default();
            layers.push(&found(1, norms));
            layers.decades()
        };
        assert_eq!(scale(&[("a.w", 0.02), ("b.w", 0.5)]), (-2, 0));
        assert_eq!(scale(&[("a.w", 0.5), ("b.w", 0.6)]), (-2, 0), "two powers of ten at least");
        assert_eq!(scale(&[("a.w", 1e-30), ("b.w", 0.5)]), (-6, 0));
        assert_eq!(scale(&[("a.w", 0.0), ("b.w", f64::NAN)]), (-2, 0));
    }
}
