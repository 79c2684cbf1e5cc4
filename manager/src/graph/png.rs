//! The picture as PNG: the SVG, drawn with a typeface that is part of the
//! program, so that it looks the same on a machine without any.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};
use std::sync::Arc;

/// Pixels of a picture for each one of the SVG: sharp on most screens.
const SCALE: f32 = 2.0;

/// Pixels of a picture's side.
const SIDE_MAX: f32 = 16_000.0;

/// Draws an SVG of [`super::svg::write`]; `None` if it is too large.
pub fn draw(svg: &str) -> Option<Vec<u8>> {
    let mut options = Options { font_family: "DejaVu Sans".to_owned(), ..Options::default() };
    let fonts = Arc::make_mut(&mut options.fontdb);
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    let tree = Tree::from_str(svg, &options).ok()?;
    let size = tree.size();
    let scale = SCALE.min(SIDE_MAX / size.height().max(size.width()));
    let mut pixels = Pixmap::new((size.width() * scale) as u32, (size.height() * scale) as u32)?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().ok()
}
