// The script of the graph's page: shows a drawing, marks the node at the cursor, and tells which node was clicked.

import type { FromPage, ToPage } from "./messages";
import { type Node, nodesAt, nodesFrom } from "./nodes";
import { clean } from "./clean";

interface DrawnNode extends Node {
  element: SVGGraphicsElement;
  /** Where it stands in another file than the one that is drawn. */
  file: string | undefined;
}

declare function acquireVsCodeApi(): { postMessage(message: FromPage): void };

const editor = acquireVsCodeApi();
const picture = element("picture");
const note = element("note");
/** What the page allows to be run and to be styled carries it. */
const nonce = document.currentScript?.nonce ?? "";

let drawing: SVGSVGElement | undefined;
let nodes: DrawnNode[] = [];
/** The width of the drawing where it is not scaled. */
let naturalWidth = 0;
/** How large the drawing is shown; nothing where it fits the page. */
let scale: number | undefined;

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

window.addEventListener("message", (event: MessageEvent<ToPage>) => {
  const message = event.data;
  switch (message.kind) {
    case "picture":
      show(message.svg);
      break;
    case "cursor":
      mark(message.start, message.offset, message.line);
      break;
    case "note":
      setNote(message.text);
      break;
    case "empty":
      drawing = undefined;
      nodes = [];
      picture.replaceChildren(message.text);
      setNote(undefined);
      break;
  }
});

function show(svg: string): void {
  const parsed = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  if (!(parsed instanceof SVGSVGElement)) {
    setNote("the drawing cannot be read");
    return;
  }
  clean(parsed);
  parsed.querySelectorAll("style").forEach((style) => style.setAttribute("nonce", nonce));
  const place = { left: picture.scrollLeft, top: picture.scrollTop };
  drawing = document.importNode(parsed, true);
  naturalWidth = drawing.viewBox.baseVal?.width || drawing.width.baseVal.value || 600;
  // The page gives it its size.
  drawing.removeAttribute("width");
  drawing.removeAttribute("height");
  picture.replaceChildren(drawing);
  nodes = [...drawing.querySelectorAll<SVGGraphicsElement>("[data-start][data-end]")].map((drawn) => ({
    element: drawn,
    file: drawn.dataset.file,
    start: Number(drawn.dataset.start),
    end: Number(drawn.dataset.end),
    line: Number(drawn.dataset.line),
  }));
  applyScale();
  // A new drawing of the same program stays where the old one was.
  picture.scrollTo(place);
}

function setNote(text: string | undefined): void {
  note.hidden = text === undefined;
  note.textContent = text ?? "";
  document.body.classList.toggle("stale", text !== undefined);
}

function mark(begin: number | undefined, offset: number, line: number): void {
  // The heading stands for the whole model; the cursor is always somewhere in it.
  const here = nodes.filter((node) => node.file === undefined && !node.element.classList.contains("heading"));
  const known = begin === undefined ? [] : nodesFrom(here, begin);
  const current = new Set(known.length > 0 ? known : nodesAt(here, offset, line));
  for (const node of nodes) node.element.classList.toggle("current", current.has(node));
  const [first] = current;
  if (first !== undefined) reveal(first.element);
}

/** Scrolls only where the node cannot be seen, so that the picture does not dance with the cursor. */
function reveal(drawn: SVGGraphicsElement): void {
  const inner = drawn.getBoundingClientRect();
  const outer = picture.getBoundingClientRect();
  const seen = inner.top >= outer.top && inner.bottom <= outer.bottom && inner.left < outer.right && inner.right > outer.left;
  if (!seen) drawn.scrollIntoView({ block: "center", inline: "nearest", behavior: "smooth" });
}

function applyScale(): void {
  if (drawing === undefined) return;
  // It fits the page, but is never blown up beyond its own size.
  drawing.style.width = scale === undefined ? `min(100%, ${naturalWidth}px)` : `${naturalWidth * scale}px`;
}

function zoom(factor: number): void {
  if (drawing === undefined) return;
  const now = drawing.getBoundingClientRect().width / naturalWidth;
  scale = Math.min(4, Math.max(0.1, now * factor));
  applyScale();
}

element("smaller").addEventListener("click", () => zoom(1 / 1.25));
element("larger").addEventListener("click", () => zoom(1.25));
element("fit").addEventListener("click", () => {
  scale = undefined;
  applyScale();
});
picture.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1);
  },
  { passive: false },
);

picture.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target.closest("[data-start][data-end]") : null;
  const node = nodes.find((drawn) => drawn.element === target);
  if (node !== undefined) editor.postMessage({ kind: "jump", start: node.start, end: node.end, file: node.file });
});

editor.postMessage({ kind: "ready" });
