//! Folders of images.

use super::*;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use std::fs;

/// An image file of one color.
pub fn painted(width: u32, height: u32, color: [u8; 3], format: ImageFormat) -> Vec<u8> {
    encoded(DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb(color))), format)
}

fn encoded(image: DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

fn folder(files: &[(&str, Vec<u8>)]) -> Folder {
    let folder = Folder::new(&[]);
    for (name, bytes) in files {
        let path = folder.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }
    folder
}

fn source(folders: PerSplit<Vec<DataFile>>, size: [usize; 2], channels: usize) -> SourceSpec {
    SourceSpec::ImageFolder { folders, size, channels, labeled: true }
}

fn whole_of(folder: &Folder, name: &str) -> TableExpr {
    TableExpr::source(source(PerSplit::Whole(vec![folder.file(name)]), [2, 2], 3), span(1))
}

fn whole(folder: &Folder, size: [usize; 2], channels: usize) -> TableExpr {
    TableExpr::source(source(PerSplit::Whole(vec![folder.file("photos")]), size, channels), span(1))
}

fn fields(table: &TableExpr) -> Vec<(&'static str, FieldExpr)> {
    vec![("image", one(table, "image")), ("label", classes(one(table, "label")))]
}

const PNG: ImageFormat = ImageFormat::Png;

#[test]
fn images_stand_by_class_and_name_with_their_folder_for_a_label() {
    let files = [
        ("photos/10/a.png", painted(2, 2, [10, 0, 0], PNG)),
        ("photos/9/b.PNG", painted(4, 4, [20, 0, 0], PNG)),
        ("photos/9/a/z.jpg", painted(8, 8, [200, 200, 200], ImageFormat::Jpeg)),
        ("photos/NA/x.jpeg", painted(3, 5, [30, 40, 50], PNG)),
        ("photos/NA/.hidden.png", vec![1]),
        ("photos/NA/readme.txt", vec![1]),
        ("photos/.cache/1.png", vec![1]),
        ("photos/list.csv", vec![1]),
    ];
    let folder = folder(&files);
    let table = whole(&folder, [2, 3], 3);
    let plan = plan(fields(&table), SplitSpec::AsGiven);
    let (description, errors) = describe(&plan);
    assert_eq!(errors, []);
    assert_eq!(description.examples, Some([4, 0, 0]));
    assert_eq!(description.field("image").map(ToString::to_string).as_deref(), Some("[3, 2, 3]"));
    let data = load(&plan).expect("loaded");
    let (image, label) = (&data.fields[0], &data.fields[1]);
    // In the order of the names of folders, 10 before 9; classes that are numbers stand in the order of numbers.
    assert_eq!(label.values.all(), [1.0, 0.0, 0.0, 2.0]);
    assert_eq!(data.fitted.fields["label"].classes.as_deref(), Some(&["9".into(), "10".into(), "NA".into()][..]));
    assert_eq!(image.values.all()[..18], [[10.0; 6], [0.0; 6], [0.0; 6]].concat());
    assert_eq!(image.values.all()[18..24], [20.0; 6]);
    assert_close(&image.values.all()[36..54], &[200.0; 18]);
    assert_eq!(image.values.all()[54..72], [[30.0; 6], [40.0; 6], [50.0; 6]].concat());
}

#[test]
fn gray_is_luminance_and_transparency_is_left_out() {
    let clear = RgbaImage::from_pixel(1, 1, Rgba([255, 0, 0, 0]));
    let files = [
        ("photos/a/1.png", painted(1, 1, [255, 0, 0], PNG)),
        ("photos/a/2.png", painted(1, 1, [0, 255, 0], PNG)),
        ("photos/a/3.png", painted(1, 1, [0, 0, 255], PNG)),
        ("photos/a/4.png", encoded(DynamicImage::ImageRgba8(clear), PNG)),
        ("photos/a/5.png", encoded(DynamicImage::ImageLuma8(GrayImage::from_pixel(1, 1, Luma([7]))), PNG)),
    ];
    let folder = folder(&files);
    // Pillow's convert("L") gives these.
    assert_eq!(values(one(&whole(&folder, [1, 1], 1), "image")), [76.0, 150.0, 29.0, 76.0, 7.0]);
    assert_eq!(values(one(&whole(&folder, [1, 1], 3), "image"))[9..], [255.0, 0.0, 0.0, 7.0, 7.0, 7.0]);
}

#[test]
fn a_picture_taken_upright_stands_upright() {
    let mut image = RgbImage::from_pixel(2, 1, Rgb([0, 0, 0]));
    image.put_pixel(0, 0, Rgb([255, 255, 255]));
    let plain = encoded(DynamicImage::ImageRgb8(image), ImageFormat::Jpeg);
    // An EXIF segment that says: turn by 90 degrees, clockwise.
    let tiff = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".as_slice()].concat();
    let segment = [&[0xff, 0xe1, 0, (tiff.len() + 8) as u8], b"Exif\0\0".as_slice(), &tiff].concat();
    let turned = [&plain[..2], &segment, &plain[2..]].concat();
    let folder = folder(&[("photos/a/1.jpg", plain), ("photos/a/2.jpg", turned)]);
    let wide = values(one(&whole(&folder, [1, 2], 1), "image"));
    assert!(wide[0] > 200.0 && wide[1] < 50.0, "{wide:?}");
    let high = values(one(&whole(&folder, [2, 1], 1), "image"));
    assert!(high[2] > 200.0 && high[3] < 50.0, "white is at the top: {high:?}");
}

#[test]
fn sizes_agree_with_torch() {
    let cases: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/reference/images.json")).expect("json");
    let list = |v: &serde_json::Value| {
        v.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect::<Vec<_>>()
    };
    for case in cases["resize"].as_array().expect("cases") {
        let (from, to) = (list(&case["from"]), list(&case["to"]));
        let (height, width) = (from[0] as usize, from[1] as usize);
        let pixels = list(&case["in"]);
        let image = RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let at = |c: usize| pixels[(c * height + y as usize) * width + x as usize] as u8;
            Rgb([at(0), at(1), at(2)])
        });
        let folder = folder(&[("photos/a/1.png", encoded(DynamicImage::ImageRgb8(image), PNG))]);
        let have = values(one(&whole(&folder, [to[0] as usize, to[1] as usize], 3), "image"));
        for (have, want) in have.iter().zip(list(&case["out"])) {
            // Whole numbers here, fractions there.
            assert!((f64::from(*have) - want).abs() <= 0.502, "{from:?} to {to:?}: {have} against {want}");
        }
    }
}

#[test]
fn splits_are_given_or_made() {
    let image = |shade: u8| painted(1, 1, [shade; 3], PNG);
    let names = ["cat", "dog"];
    let mut files = Vec::new();
    for i in 0..20_u8 {
        files.push((format!("photos/{}/{i:02}.png", names[usize::from(i % 2)]), image(i)));
    }
    files.push(("more/dog/1.png".into(), image(99)));
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(n, b)| (n.as_str(), b.clone())).collect();
    let folder = folder(&files);
    let given = source(given(vec![folder.file("photos")], vec![folder.file("more")]), [1, 1], 1);
    let data = load(&plan(fields(&TableExpr::source(given, span(1))), SplitSpec::AsGiven)).expect("loaded");
    assert_eq!((data.splits.train.len(), data.splits.test.as_slice()), (20, &[20][..]));
    assert_eq!((data.fields[0].values.all()[20], data.fields[1].values.all()[20]), (99.0, 1.0));
    let table = whole(&folder, [1, 1], 1);
    let stratify = Some(classes(one(&table, "label")));
    let split = SplitSpec::Random { shares: vec![(Split::Test, 0.5)], stratify, seed: 3 };
    let standard = vec![("image", standardize(one(&table, "image"))), ("label", classes(one(&table, "label")))];
    let plan = plan(standard, split);
    let data = load(&plan).expect("loaded");
    let cats = data.splits.test.iter().filter(|r| data.fields[1].values.all()[**r as usize] == 0.0).count();
    assert_eq!((cats, data.splits.test.len()), (5, 10));
    let mean = data.splits.train.iter().map(|r| data.fields[0].values.all()[*r as usize]).sum::<f32>() / 10.0;
    assert!(mean.abs() < 1e-5, "{mean}");
    // New data: a folder without classes, or a file.
    let new = |name: &str| SourceSpec::ImageFolder {
        folders: PerSplit::Whole(vec![folder.file(name)]),
        size: [1, 1],
        channels: 1,
        labeled: false,
    };
    assert_eq!(apply(&plan, &data.fitted, Some(&new("photos/dog")), &["image"]).expect("applied").ids.len(), 10);
    assert_eq!(apply(&plan, &data.fitted, Some(&new("photos")), &["image"]).expect("applied").ids.len(), 20);
    let single = apply(&plan, &data.fitted, Some(&new("photos/cat/00.png")), &["image"]).expect("applied");
    assert_eq!(single.fields[0].values.len(), 1);
    let unknown = apply(&plan, &data.fitted, Some(&SourceSpec::Csv(PerSplit::Whole(vec![]))), &["image"]);
    assert!(matches!(*unknown.expect_err("a table").problem, DataProblem::WrongReplacement { .. }));
}

#[test]
fn what_is_wrong_with_a_folder_is_told_with_the_file() {
    let jpeg = painted(64, 64, [9, 99, 200], ImageFormat::Jpeg);
    let files = [
        ("photos/a/1.png", painted(2, 2, [1; 3], PNG)),
        ("photos/empty/notes.txt", vec![1]),
        ("flat/1.png", painted(2, 2, [1; 3], PNG)),
        ("webp/a/1.webp", vec![1]),
        ("text/a/1.png", b"hello, this is not an image".to_vec()),
        ("gif/a/1.png", b"GIF89a\x01\0\x01\0".to_vec()),
        ("zero/a/1.png", Vec::new()),
        ("cut/a/0.jpg", jpeg.clone()),
        ("cut/a/1.jpg", jpeg[..jpeg.len() - 40].to_vec()),
        ("cut/a/2.png", painted(64, 64, [9; 3], PNG)[..60].to_vec()),
    ];
    let folder = folder(&files);
    let problem = |name: &str| {
        let source = source(PerSplit::Whole(vec![folder.file(name)]), [2, 2], 3);
        let table = TableExpr::source(source.clone(), span(1));
        let image = FieldExpr::new(FieldNode::Array(source), span(1));
        let label = FieldNode::Columns { table: table.clone(), names: vec!["label".into()], scalar: true };
        let label = classes(FieldExpr::new(label, span(1)));
        let plan = plan(vec![("image", image), ("label", label)], SplitSpec::AsGiven);
        let message = load(&plan).expect_err("a problem").diagnostic().message;
        let errors = describe(&plan).1;
        assert_eq!(errors.len(), 1, "{name}: told while checking, and once: {errors:?}");
        message
    };
    assert_eq!(problem("photos"), "there is no image in `photos/empty`");
    assert_eq!(problem("flat"), "`flat` has no folder for any class");
    assert_eq!(problem("phtos"), "there is no file `phtos`");
    assert!(problem("photos/a/1.png").contains("it is a file"));
    assert_eq!(problem("webp"), "`webp/a/1.webp` is a webp image, and png and jpeg are read");
    assert_eq!(problem("gif"), "`gif/a/1.png` is a gif image, and png and jpeg are read");
    assert_eq!(problem("text"), "`text/a/1.png` is not a sound image: it does not begin as a png or jpeg file does");
    assert_eq!(problem("zero"), "`zero/a/1.png` is not a sound image: it is empty");
    // Of several, always the first.
    assert_eq!(problem("cut"), "`cut/a/1.jpg` is not a sound image: it is cut short");
    fs::remove_file(folder.path("cut/a/1.jpg")).expect("removed");
    assert_eq!(problem("cut"), "`cut/a/2.png` is not a sound image: it is cut short");
    // What stands behind the end of a picture does not matter.
    let more = |name: &str, bytes: Vec<u8>| fs::write(folder.path(name), [bytes, b"more".to_vec()].concat());
    more("cut/a/2.png", painted(64, 64, [9; 3], PNG)).expect("written");
    more("cut/a/3.jpg", jpeg.clone()).expect("written");
    assert_eq!(describe(&plan(fields(&whole_of(&folder, "cut")), SplitSpec::AsGiven)).1, []);
    let table = whole(&folder, [2, 2], 3);
    for part in ["image", "label"] {
        let problem = *column(&table, &name(part), span(2)).expect_err("an empty class").problem;
        assert!(matches!(problem, DataProblem::NoImages { .. }));
    }
    fs::remove_dir_all(folder.path("photos/empty")).expect("removed");
    let missing = *column(&table, &name("imag"), span(2)).expect_err("no such part").problem;
    assert!(matches!(missing, DataProblem::NoColumn { nearest: Some(n), .. } if n == "image"));
}
