// The programs that the tests and the pictures open.

/** A convolutional network as a beginner would write it. */
export const CNN = `# Ten kinds of clothing, from 28 × 28 grey images.
data fashion {
  field image = idx("data/images/fashion-mnist-train-6000-images-idx3-ubyte.gz") / 255
    |> reshape([1, 28, 28])
  field label = idx("data/images/fashion-mnist-train-6000-labels-idx1-ubyte.gz") |> classes(10)
  split: random(train: 80%, validation: 10%, test: 10%, seed: 1)
}

## Convolution, activation, and a pool that halves the image.
block ConvUnit(channels)(x: [C, H, W]) -> [channels, H/2, W/2] {
  x |> Conv2d(channels, kernel: 3, padding: same) |> relu |> MaxPool2d(2)
}

model LeNet(image: fashion.image) -> logits: [fashion.label.classes] {
  image
  |> ConvUnit(32)
  |> ConvUnit(64)
  |> Flatten
  |> Dense(128) |> relu |> Dropout(0.3)
  |> Dense(fashion.label.classes)
}

train LeNet on fashion {
  loss:      cross_entropy(logits, label)
  optimizer: Adam(lr: 1e-3)
  epochs:    5
  batch:     64
  metrics:   [accuracy]
}
`;

/** A residual whose stage loses the edge of the image. */
export const WRONG = `# A residual adds what comes in to what comes out: both must have one shape.
model Digits(image: [1, 28, 28]) -> logits: [10] {
  image
  |> Conv2d(32, kernel: 3, padding: same) |> relu
  |> residual { Conv2d(32, kernel: 3) |> relu }
  |> MaxPool2d(2)
  |> Flatten
  |> Dense(10)
}
`;

export const UNFORMATTED = `model Net( x:[4] )->[2] {
x|>Dense( 8 )|>relu
   |> Dense(2)
}
`;

export const FORMATTED = `model Net(x: [4]) -> [2] {
  x |> Dense(8) |> relu
    |> Dense(2)
}
`;

/** Trains in a moment. */
export const XOR = `data xor {
  let t   = rows([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], columns: [a, b, y])
  field x = t[a, b]
  field y = t.y
}

model Xor(x: [2]) -> logit: float {
  x |> Dense(8) |> tanh |> Dense(1) |> squeeze
}

train Xor on xor {
  loss:      bce_with_logits(logit, y)
  optimizer: Adam(lr: 0.05)
  epochs:    20
  batch:     4
}
`;
