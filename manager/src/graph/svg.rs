//! The picture as SVG: whole in one file, without scripts. Follows the light
//! or dark of its reader; a screen reader reads its title and each box.

use super::palette::{Paint, Palette};
use super::place::{Band, Place, Places};
use super::{Colouring, Edge, Graph, Node, Role};
use crate::plural::counted;
use crate::report::markup::{Shown, short};
use std::fmt::Write;

/// Which light a picture is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Light {
    /// Its reader's.
    #[default]
    Either,
    /// A light one.
    Light,
    /// A dark one.
    Dark,
}

/// How a picture is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// What colours say.
    pub colouring: Colouring,
    /// For which light.
    pub light: Light,
}

/// Pixels of one character, about.
const CHARACTER: f64 = 7.3;

const LIGHT: &str =
    ".paper{fill:#fff}.box{fill:#f6f8fa;stroke:#d0d7de}text{fill:#1b1f24}.quiet{fill:#57606a}";
const DARK: &str =
    ".paper{fill:#0d1117}.box{fill:#161b22;stroke:#30363d}text{fill:#e6edf3}.quiet{fill:#9aa4af}";

/// The picture.
pub fn write(graph: &Graph, look: Look) -> String {
    let palette = Palette::new(graph, look.colouring);
    let places = Places::new(graph);
    let mut picture = Picture { out: String::new(), palette, light: look.light };
    picture.begin(graph, &places);
    for (edge, band) in graph.edges.iter().zip(&places.bands) {
        picture.band(graph, edge, band);
    }
    for (node, place) in graph.nodes.iter().zip(&places.nodes) {
        picture.node(node, place);
    }
    picture.key(places.height);
    picture.out.push_str("</svg>\n");
    picture.out
}

struct Picture {
    out: String,
    palette: Palette,
    light: Light,
}

impl Picture {
    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = self.out.write_fmt(what);
    }

    fn begin(&mut self, graph: &Graph, places: &Places) {
        let (width, height) = (places.width, places.height);
        let title = Shown(&graph.title);
        let alerts = counted(graph.alerts, "alert", "alerts");
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-labelledby=\"title\">\n\
             <title id=\"title\">{title}: {alerts}</title>\n<style>\n"
        ));
        self.style();
        self.put(format_args!(
            "</style>\n<rect class=\"paper\" width=\"{width:.0}\" height=\"{height:.0}\"/>\n\
             <text class=\"title\" x=\"24\" y=\"36\">{title}</text>\n\
             <text class=\"quiet\" x=\"24\" y=\"58\">{alerts}</text>\n",
        ));
        for role in graph.roles() {
            let Some(place) = graph.nodes.iter().position(|node| node.role == role) else { continue };
            let x = places.nodes[place].x;
            self.put(format_args!("<text class=\"quiet\" x=\"{x:.0}\" y=\"84\">{}</text>\n", role.plural()));
        }
    }

    fn style(&mut self) {
        self.out.push_str(
            "text{font:13px system-ui,'DejaVu Sans',sans-serif}.title{font-size:20px;font-weight:600}",
        );
        self.out.push_str(
            ".box{stroke-width:1}.band{fill-opacity:.38}.band:hover{fill-opacity:.7}.n{text-anchor:end}\n",
        );
        let plain = if self.light == Light::Dark { DARK } else { LIGHT };
        self.out.push_str(plain);
        self.out.push('\n');
        let paints: Vec<Paint> = self.paints();
        let dark = self.light == Light::Dark;
        for (number, paint) in paints.iter().enumerate() {
            let colour = if dark { paint.dark } else { paint.light };
            self.put(format_args!(".c{number}{{fill:{colour}}}"));
        }
        self.out.push('\n');
        if self.light == Light::Either {
            self.put(format_args!("@media (prefers-color-scheme:dark){{{DARK}"));
            for (number, paint) in paints.iter().enumerate() {
                self.put(format_args!(".c{number}{{fill:{}}}", paint.dark));
            }
            self.out.push_str("}\n");
        }
    }

    /// All colours of the key, by the numbers of their classes.
    fn paints(&self) -> Vec<Paint> {
        self.palette.key.iter().map(|(paint, _)| *paint).collect()
    }

    /// The class of a colour, or the colour itself if somebody asked for one.
    fn fill(&self, paint: Paint, asked: Option<&String>) -> String {
        match asked.and_then(|colour| sound_colour(colour)) {
            Some(colour) => format!("\" style=\"fill:{colour}"),
            None => {
                let number = self.palette.key.iter().position(|(known, _)| *known == paint);
                number.map_or_else(String::new, |number| format!(" c{number}"))
            }
        }
    }

    fn band(&mut self, graph: &Graph, edge: &Edge, band: &Band) {
        let (from, to) = (&graph.nodes[edge.from], &graph.nodes[edge.to]);
        let (x0, top0, height0) = band.from;
        let (x1, top1, height1) = band.to;
        let (end0, end1) = (top0 + height0.max(1.0), top1 + height1.max(1.0));
        let middle = f64::midpoint(x0, x1);
        let class = self.fill(self.palette.of_edge(graph, edge), edge.colour.as_ref());
        let (from, to) = (Shown(&from.name), Shown(&to.name));
        self.put(format_args!(
            "<path class=\"band{class}\" d=\"M{x0:.1} {top0:.1}C{middle:.1} {top0:.1} {middle:.1} {top1:.1} \
             {x1:.1} {top1:.1}V{end1:.1}C{middle:.1} {end1:.1} {middle:.1} {end0:.1} {x0:.1} {end0:.1}Z\">\
             <title>{from} → {to}: {}</title></path>\n",
            edge.alerts
        ));
    }

    fn node(&mut self, node: &Node, place: &Place) {
        let Place { x, y, width, height } = *place;
        let count = node.alerts.to_string();
        let room = (width - 24.0 - CHARACTER * count.len() as f64 - 10.0) / CHARACTER;
        let name = node.style.label.as_deref().unwrap_or(&node.name);
        let shown = fitting(name, node.role, room.max(8.0) as usize);
        let class = self.fill(self.palette.of(node), node.style.colour.as_ref());
        let (middle, right) = (y + height / 2.0 + 4.5, x + width - 8.0);
        let link = node.style.url.as_deref().filter(|url| is_web(url));
        if let Some(url) = link {
            self.put(format_args!("<a href=\"{}\">", Shown(url)));
        }
        self.put(format_args!(
            "<g><title>{}: {count} (highest level {})</title>\
             <rect class=\"box\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"3\"/>\
             <rect class=\"stripe{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"6\" height=\"{height:.1}\" rx=\"2\"/>\
             <text x=\"{:.1}\" y=\"{middle:.1}\">{}</text>\
             <text class=\"quiet n\" x=\"{right:.1}\" y=\"{middle:.1}\">{count}</text></g>",
            Shown(name),
            node.level,
            x + 14.0,
            Shown(&shown),
        ));
        self.out.push_str(if link.is_some() { "</a>\n" } else { "\n" });
    }

    /// What the colours mean.
    fn key(&mut self, height: f64) {
        let y = height - 26.0;
        let mut x = 24.0;
        for (number, (_, title)) in self.palette.key.clone().into_iter().enumerate() {
            let title = short(&title, 24);
            self.put(format_args!(
                "<rect class=\"c{number}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" rx=\"2\"/>\
                 <text class=\"quiet\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>\n",
                y - 11.0,
                x + 18.0,
                Shown(&title),
            ));
            x += 18.0 + CHARACTER * title.chars().count() as f64 + 22.0;
        }
    }
}

/// As much of a name as there is room for: of a target also its end, because
/// that tells one log from another.
fn fitting(name: &str, role: Role, room: usize) -> String {
    let len = name.chars().count();
    if role != Role::Target || len <= room {
        return short(name, room);
    }
    let half = room / 2;
    let begin: String = name.chars().take(half - 1).collect();
    let end: String = name.chars().skip(len - (room - half - 1)).collect();
    format!("{begin}..{end}")
}

/// A colour that can stand in a style: a name or `#` and digits.
fn sound_colour(colour: &str) -> Option<&str> {
    let name = colour.strip_prefix('#').unwrap_or(colour);
    let is_sound =
        !name.is_empty() && name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_sound.then_some(colour)
}

/// Whether a link leads to a web page, or to another page of the server that
/// shows the picture, and not to a script.
fn is_web(url: &str) -> bool {
    let is_here = url.starts_with('/') && !url.starts_with("//");
    is_here || url.starts_with("https://") || url.starts_with("http://")
}
