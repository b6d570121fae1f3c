// Takes from a drawing whatever could do more than be looked at. What its style sheet may load, the page forbids.

const HARMLESS = new Set([
  "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "title", "desc",
  "defs", "style", "marker", "clipPath", "linearGradient", "radialGradient", "stop",
]);

/** Removes elements that are neither shapes, text nor style, handlers of events, links, and style in attributes. */
export function clean(root: Element): void {
  for (const child of [...root.children]) {
    if (HARMLESS.has(child.localName)) clean(child);
    else child.remove();
  }
  for (const { name } of [...root.attributes]) {
    if (/^on/i.test(name) || /(^|:)href$/i.test(name) || name === "style") root.removeAttribute(name);
  }
}
