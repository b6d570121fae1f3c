//! Tensors known at compile time, each held once.

use crate::runtime::element::Element;
use crate::runtime::kernels::elementwise::TILE;
use crate::runtime::kernels::memory::Buffer;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Splat(u64),
    Iota(usize),
    Data(Vec<u64>),
}

/// Their memory, and where each lies in it. Only ever grows.
pub struct Literals<E> {
    /// The numbers.
    pub buffer: Buffer<E>,
    offsets: HashMap<Key, usize>,
}

impl<E: Element> Literals<E> {
    /// None yet.
    pub fn new() -> Literals<E> {
        Literals { buffer: Buffer::zeros(0), offsets: HashMap::new() }
    }

    fn get(&mut self, key: Key, len: usize, at: impl Fn(usize) -> f64) -> usize {
        if let Some(offset) = self.offsets.get(&key) {
            return *offset;
        }
        let offset = self.buffer.len().next_multiple_of(64 / size_of::<E>());
        self.buffer.grow(offset + len);
        for (i, x) in self.buffer.as_mut_slice()[offset..].iter_mut().enumerate() {
            *x = E::from_f64(at(i));
        }
        self.offsets.insert(key, offset);
        offset
    }

    /// A tile of equal numbers.
    pub fn splat(&mut self, x: f64) -> usize {
        self.get(Key::Splat(x.to_bits()), TILE, |_| x)
    }

    /// 0, 1, 2, …
    pub fn iota(&mut self, len: usize) -> usize {
        self.get(Key::Iota(len), len, |i| i as f64)
    }

    /// These numbers.
    pub fn data(&mut self, data: &Arc<[f64]>) -> usize {
        let key = Key::Data(data.iter().map(|x| x.to_bits()).collect());
        self.get(key, data.len(), |i| data[i])
    }
}
