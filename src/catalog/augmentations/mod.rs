//! What stands behind a field in `augment:`. What the operations do is in `data::augment`.

use super::args::Args;
use super::{ArgValue, Body, Bounds, Entry, Example, Param, ParamType};
use crate::data::Augmentation;

/// All of them.
pub static ALL: &[&Entry] = &[&RANDOM_FLIP, &RANDOM_CROP, &RANDOM_ROTATE, &NOISE, &CUTOUT, &MIXUP];

/// An example beside which a 24 × 24 picture `image` stands.
const fn example(code: &'static str) -> Example {
    Example { inputs: &[("image", "[1, 24, 24]")], code, output: "" }
}

const PICTURE: &[&str] = &["[H, W] -> [H, W]", "[C, H, W] -> [C, H, W]"];

/// Mirrors pictures.
pub static RANDOM_FLIP: Entry = Entry {
    name: "random_flip",
    summary: "Mirrors a picture, left and right, with probability p.",
    formula: "",
    params: &[
        Param::optional("p", ParamType::Number(Bounds::UNIT), "0.5", "how often"),
        Param::optional(
            "direction",
            ParamType::Choice(&["horizontal", "vertical"]),
            "horizontal",
            "horizontal: left and right change places; vertical: top and bottom",
        ),
    ],
    shapes: PICTURE,
    example: example("image: random_flip"),
    source: "torchvision.transforms.RandomHorizontalFlip, RandomVerticalFlip",
    elsewhere: &[
        ("RandomHorizontalFlip", "torchvision"),
        ("RandomVerticalFlip", "torchvision"),
        ("RandomFlip", "Keras"),
    ],
    body: Body::Augmentation(|args| Augmentation::Flip {
        probability: args.number("p"),
        vertical: args.choice("direction") == "vertical",
    }),
};

/// Cuts out of the padded picture.
pub static RANDOM_CROP: Entry = Entry {
    name: "random_crop",
    summary: "Pads a picture with 0 on every side and takes a piece of its own size from anywhere in it: moves it by up to \
              `padding` pixels each way.",
    formula: "",
    params: &[
        Param::required(
            "size",
            ParamType::OneOf(&[ParamType::Size, ParamType::Shape { hole: false }]),
            "the size of the piece, `28` or `[height, width]`: that of the picture, which the model was checked with",
        ),
        Param::optional("padding", ParamType::Whole { min: 0, max: 1 << 20 }, "0", "pixels added on every side"),
    ],
    shapes: PICTURE,
    example: example("image: random_crop(24, padding: 3)"),
    source: "torchvision.transforms.RandomCrop",
    elsewhere: &[("RandomCrop", "torchvision"), ("RandomTranslation", "Keras")],
    body: Body::Augmentation(|args| Augmentation::Crop { size: sides(args), padding: whole(args, "padding") }),
};

/// Turns pictures.
pub static RANDOM_ROTATE: Entry = Entry {
    name: "random_rotate",
    summary: "Turns a picture around its centre by an angle between -degrees and degrees; what comes in is 0.",
    formula: "",
    params: &[
        Param::required(
            "degrees",
            ParamType::Number(Bounds { min: 0.0, max: 180.0, above_min: true, below_max: false }),
            "the largest angle, to either side",
        ),
        Param::optional(
            "interpolation",
            ParamType::Choice(&["nearest", "bilinear"]),
            "nearest",
            "how a place between pixels gets its value; classes and truth values always get the nearest pixel's",
        ),
    ],
    shapes: PICTURE,
    example: example("image: random_rotate(10)"),
    source: "torchvision.transforms.RandomRotation",
    elsewhere: &[("RandomRotation", "torchvision, Keras")],
    body: Body::Augmentation(|args| Augmentation::Rotate {
        degrees: args.number("degrees"),
        bilinear: args.choice("interpolation") == "bilinear",
    }),
};

/// Normal noise.
pub static NOISE: Entry = Entry {
    name: "noise",
    summary: "Adds a normal draw of mean 0 and deviation std to each number.",
    formula: "x + std * normal",
    params: &[Param::required("std", ParamType::Number(Bounds::NOT_NEGATIVE), "the standard deviation of the noise")],
    shapes: &["[..] -> [..]"],
    example: example("image: noise(0.05)"),
    source: "torchvision.transforms.v2.GaussianNoise, without clipping",
    elsewhere: &[],
    body: Body::Augmentation(|args| Augmentation::Noise { std: args.number("std") }),
};

/// A square of nothing.
pub static CUTOUT: Entry = Entry {
    name: "cutout",
    summary: "Makes a square of a picture 0, in all its channels; its centre is any pixel, so that it may reach beyond the edge.",
    formula: "",
    params: &[Param::required("size", ParamType::Whole { min: 1, max: 1 << 20 }, "pixels along a side of the square")],
    shapes: PICTURE,
    example: example("image: cutout(8)"),
    source: "DeVries and Taylor 2017, Improved Regularization of Convolutional Neural Networks with Cutout",
    elsewhere: &[("RandomErasing", "torchvision, Keras"), ("CutOut", "albumentations")],
    body: Body::Augmentation(|args| Augmentation::Cutout { size: whole(args, "size") }),
};

/// Mixtures of two examples.
pub static MIXUP: Entry = Entry {
    name: "mixup",
    summary: "Mixes each example with another one of its batch, and its loss with the loss for the other's target.",
    formula: "x = s * x_a + (1 - s) * x_b; loss = s * loss(y_a) + (1 - s) * loss(y_b); s drawn from Beta(alpha, alpha) for \
              each example, b by a permutation of the batch",
    params: &[Param::required(
        "alpha",
        ParamType::Number(Bounds::POSITIVE),
        "how strongly: small ones leave most examples almost alone, 1 draws all shares alike",
    )],
    shapes: &["[..] -> [..]"],
    example: example("image: mixup(0.2)"),
    source: "Zhang, Cisse, Dauphin and Lopez-Paz 2018, mixup: Beyond Empirical Risk Minimization",
    elsewhere: &[("MixUp", "torchvision, Keras")],
    body: Body::Augmentation(|args| Augmentation::Mixup { alpha: args.number("alpha") }),
};

fn whole(args: &Args, name: &str) -> usize {
    args.dim(name).as_constant().map_or(0, |n| n.max(0) as usize)
}

/// `28`, `[28, 32]`; what is neither is no picture's size.
fn sides(args: &Args) -> [usize; 2] {
    match args.get("size") {
        ArgValue::Shape(shape) => match shape.as_slice() {
            [Some(height), Some(width)] => [height, width].map(|d| d.as_constant().map_or(0, |n| n.max(0) as usize)),
            _ => [0, 0],
        },
        _ => [whole(args, "size"); 2],
    }
}
