//! Weights on disk: safetensors, which PyTorch reads as a state dict.
//!
//! Written by hand rather than by the crate, whose header holds the metadata in no particular order: the same weights
//! must give the same bytes.

use super::error::{Mismatch, RunError};
use super::run_directory::write_whole;
use super::weights::{WeightTensor, Weights};
use crate::diagnostics::{io_reason, nearest};
use crate::ir::graph::StateRole;
use crate::source::Span;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::Arc;

/// Writes weights and statistics; whatever stood at the path is there until the new file is whole.
pub(super) fn write(path: &Path, weights: &Weights, metadata: &[(&str, String)]) -> Result<(), RunError> {
    write_whole(path, &bytes(weights, metadata))
}

/// Counters first, so that everything is aligned to its size; each group in the order of the model.
fn bytes(weights: &Weights, metadata: &[(&str, String)]) -> Vec<u8> {
    let is_counter = |t: &&WeightTensor| t.role == StateRole::Counter;
    let counters = weights.tensors.iter().filter(is_counter);
    let numbers = weights.tensors.iter().filter(|t| !is_counter(t));
    let about: Map<String, Value> = metadata.iter().map(|(k, v)| ((*k).to_owned(), Value::from(v.as_str()))).collect();
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), Value::Object(about));
    let mut data: Vec<u8> = Vec::new();
    for tensor in counters.chain(numbers) {
        let start = data.len();
        let dtype = if tensor.role == StateRole::Counter {
            data.extend(tensor.values.iter().flat_map(|x| (*x as i64).to_le_bytes()));
            "I64"
        } else {
            data.extend(tensor.values.iter().flat_map(|x| x.to_le_bytes()));
            "F32"
        };
        let entry = json!({ "dtype": dtype, "shape": tensor.shape, "data_offsets": [start, data.len()] });
        header.insert(tensor.path.to_string(), entry);
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend(data);
    bytes
}

/// Reads a file into the weights of a model. Everything that does not fit is in the error.
pub(super) fn read_into(weights: &mut Weights, path: &Path, span: Option<Span>) -> Result<(), RunError> {
    let unreadable = |reason: String| RunError::WeightsUnreadable { file: path.to_owned(), reason, span };
    let bytes = std::fs::read(path).map_err(|error| unreadable(io_reason(&error)))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| {
        // Eight bytes with the length of what follows, which is JSON.
        unreadable(match bytes.get(8) {
            None | Some(b'{') => format!("it is not a whole .safetensors file ({error})"),
            Some(_) => "it is no .safetensors file".into(),
        })
    })?;
    let mut names = file.names();
    names.sort_unstable();
    let mut mismatches = Vec::new();
    let unmatched: Vec<&str> = names.iter().filter(|name| weights.get(name).is_none()).copied().collect();
    let lacking: Vec<Arc<str>> =
        weights.tensors.iter().map(|t| t.path.clone()).filter(|p| names.binary_search(&&**p).is_err()).collect();
    for tensor in &mut weights.tensors {
        let Ok(found) = file.tensor(&tensor.path) else {
            // What only counts batches starts at 0 where a file is too old to hold it.
            if tensor.role != StateRole::Counter {
                let nearest = nearest(&tensor.path, unmatched.iter().copied()).map(str::to_owned);
                mismatches.push(Mismatch::Missing { path: tensor.path.clone(), nearest });
            }
            continue;
        };
        if found.shape() != tensor.shape {
            let (path, model, file) = (tensor.path.clone(), tensor.shape.clone(), found.shape().to_vec());
            mismatches.push(Mismatch::Shape { path, model, file });
            continue;
        }
        match numbers(found.dtype(), found.data()) {
            Some(values) => tensor.values = values,
            None => {
                mismatches.push(Mismatch::Type { path: tensor.path.clone(), dtype: format!("{:?}", found.dtype()) });
            }
        }
    }
    for name in unmatched {
        let nearest = nearest(name, lacking.iter().map(|p| &**p));
        let nearest = nearest.and_then(|n| lacking.iter().find(|p| &***p == n).cloned());
        mismatches.push(Mismatch::Unexpected { name: name.to_owned(), nearest });
    }
    if mismatches.is_empty() {
        Ok(())
    } else {
        Err(RunError::WeightsMismatch { file: path.to_owned(), mismatches, span })
    }
}

fn numbers(dtype: Dtype, data: &[u8]) -> Option<Vec<f32>> {
    Some(match dtype {
        Dtype::F32 => each(data, f32::from_le_bytes),
        Dtype::F64 => each(data, |b| f64::from_le_bytes(b) as f32),
        Dtype::F16 => each(data, |b| half(u16::from_le_bytes(b))),
        Dtype::BF16 => each(data, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
        Dtype::I64 => each(data, |b| i64::from_le_bytes(b) as f32),
        Dtype::I32 => each(data, |b| i32::from_le_bytes(b) as f32),
        _ => return None,
    })
}

fn each<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    data.chunks_exact(N).filter_map(|chunk| chunk.try_into().ok()).map(number).collect()
}

/// The number that IEEE 754 binary16 bits stand for.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(path: &str, role: StateRole, shape: &[usize], values: &[f32]) -> WeightTensor {
        WeightTensor { path: path.into(), role, shape: shape.to_vec(), values: values.to_vec() }
    }

    fn weights() -> Weights {
        Weights {
            tensors: vec![
                tensor("dense1.weight", StateRole::Weight, &[2, 3], &[1.0, -2.5, 3.0, 0.1, 0.2, 0.3]),
                tensor("batch_norm1.num_batches_tracked", StateRole::Counter, &[], &[7.0]),
                tensor("dense1.bias", StateRole::Weight, &[2], &[0.5, 0.25]),
            ],
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_always_the_same_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.safetensors");
        let about = [("format", "pt".to_owned()), ("model", "Net".to_owned())];
        write(&path, &weights(), &about).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes(&weights(), &about));
        let mut read = weights();
        read.tensors.iter_mut().for_each(|t| t.values.fill(0.0));
        read_into(&mut read, &path, None).unwrap();
        assert_eq!(read, weights());
        let written = std::fs::read(&path).unwrap();
        let file = SafeTensors::deserialize(&written).unwrap();
        assert_eq!(file.tensor("batch_norm1.num_batches_tracked").unwrap().dtype(), Dtype::I64);
        assert!(file.tensor("batch_norm1.num_batches_tracked").unwrap().shape().is_empty());
    }

    #[test]
    fn every_mismatch_is_told_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("w.safetensors");
        let other = Weights {
            tensors: vec![
                tensor("dense1.weigth", StateRole::Weight, &[2, 3], &[0.0; 6]),
                tensor("dense1.bias", StateRole::Weight, &[3], &[0.0; 3]),
                tensor("head.bias", StateRole::Weight, &[1], &[0.0]),
            ],
        };
        write(&path, &other, &[]).unwrap();
        let Err(RunError::WeightsMismatch { mismatches, .. }) = read_into(&mut weights(), &path, None) else {
            panic!("it fits");
        };
        let told: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "`dense1.weight` is in the model only; the file has `dense1.weigth`",
                "`dense1.bias` is [2] in the model and [3] in the file",
                "`dense1.weigth` is in the file only; the model has `dense1.weight`",
                "`head.bias` is in the file only",
            ]
        );
    }

    #[test]
    fn half_precision() {
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x0001, 5.960_464_5e-8)] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan());
    }
}
