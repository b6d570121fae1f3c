//! What is done to one picture: `[H, W]`, or `[C, H, W]` plane by plane.

/// The sizes of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
}

impl Picture {
    /// Of an example of this shape; none where it is no picture.
    pub fn of(shape: &[usize]) -> Option<Picture> {
        match shape {
            [height, width] | [_, height, width] if *height > 0 && *width > 0 => {
                Some(Picture { height: *height, width: *width })
            }
            _ => None,
        }
    }

    fn planes(self, values: &mut [f32]) -> impl Iterator<Item = &mut [f32]> {
        values.chunks_exact_mut(self.height * self.width)
    }

    /// Left becomes right, or the top the bottom.
    pub(super) fn flip(self, values: &mut [f32], vertical: bool) {
        for plane in self.planes(values) {
            if !vertical {
                plane.chunks_exact_mut(self.width).for_each(<[f32]>::reverse);
                continue;
            }
            let (top, rest) = plane.split_at_mut(self.height / 2 * self.width);
            let bottom = rest.chunks_exact_mut(self.width).rev();
            for (above, below) in top.chunks_exact_mut(self.width).zip(bottom) {
                above.swap_with_slice(below);
            }
        }
    }

    /// Moves everything down and to the right (up and to the left where negative). What comes in is 0.
    pub(super) fn shift(self, values: &mut [f32], down: isize, right: isize) {
        let (height, width) = (self.height, self.width);
        let (rows, columns) = (down.unsigned_abs().min(height), right.unsigned_abs().min(width));
        for plane in self.planes(values) {
            // Whole rows first, in one piece; then each row.
            let (moved, kept) = (rows * width, (height - rows) * width);
            if down >= 0 {
                plane.copy_within(..kept, moved);
                plane.iter_mut().take(moved).for_each(|x| *x = 0.0);
            } else {
                plane.copy_within(moved.., 0);
                plane.iter_mut().skip(kept).for_each(|x| *x = 0.0);
            }
            for row in plane.chunks_exact_mut(width) {
                let kept = width - columns;
                if right >= 0 {
                    row.copy_within(..kept, columns);
                    row.iter_mut().take(columns).for_each(|x| *x = 0.0);
                } else {
                    row.copy_within(columns.., 0);
                    row.iter_mut().skip(kept).for_each(|x| *x = 0.0);
                }
            }
        }
    }

    /// Turns counter-clockwise around the centre. What comes in is 0. As torchvision's `rotate` (`affine_grid` and
    /// `grid_sample` of torch, `align_corners=False`, zeros outside).
    pub(super) fn rotate(self, from: &[f32], to: &mut [f32], degrees: f64, bilinear: bool) {
        let (height, width) = (self.height, self.width);
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (middle_x, middle_y) = ((width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0);
        for (to, from) in self.planes(to).zip(from.chunks_exact(height * width)) {
            let pixel = |x: f64, y: f64| {
                let is_inside = x >= 0.0 && y >= 0.0 && x < width as f64 && y < height as f64;
                let at = if is_inside { from.get(y as usize * width + x as usize) } else { None };
                at.map_or(0.0, |v| f64::from(*v))
            };
            for (i, row) in to.chunks_exact_mut(width).enumerate() {
                for (j, value) in row.iter_mut().enumerate() {
                    let (x, y) = (j as f64 - middle_x, i as f64 - middle_y);
                    let (x, y) = (cos * x - sin * y + middle_x, sin * x + cos * y + middle_y);
                    *value = if bilinear {
                        let (x0, y0) = (x.floor(), y.floor());
                        let (right, down) = (x - x0, y - y0);
                        let top = (1.0 - right) * pixel(x0, y0) + right * pixel(x0 + 1.0, y0);
                        let bottom = (1.0 - right) * pixel(x0, y0 + 1.0) + right * pixel(x0 + 1.0, y0 + 1.0);
                        ((1.0 - down) * top + down * bottom) as f32
                    } else {
                        pixel(x.round_ties_even(), y.round_ties_even()) as f32
                    };
                }
            }
        }
    }

    /// Makes a square 0 whose centre is this pixel; it may reach beyond the edge.
    pub(super) fn cut_out(self, values: &mut [f32], row: usize, column: usize, size: usize) {
        let range = |centre: usize, end: usize| {
            let from = centre as isize - (size / 2) as isize;
            let to = from.saturating_add_unsigned(size);
            (from.max(0) as usize).min(end)..(to.max(0) as usize).min(end)
        };
        let (rows, columns) = (range(row, self.height), range(column, self.width));
        for plane in self.planes(values) {
            for row in plane.chunks_exact_mut(self.width).take(rows.end).skip(rows.start) {
                row.iter_mut().take(columns.end).skip(columns.start).for_each(|x| *x = 0.0);
            }
        }
    }
}
