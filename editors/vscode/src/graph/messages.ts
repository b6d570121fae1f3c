// What the extension and the page of the graph say to each other.
//
// Offsets count UTF-16 code units from the start of a file, as the drawing and the editor both do.

export type ToPage =
  /** A new drawing. */
  | { kind: "picture"; svg: string }
  /** Where the cursor is in the program that is drawn; `start` is that of the node there, where the server knows it. */
  | { kind: "cursor"; offset: number; line: number; start: number | undefined }
  /** The drawing stays although the program has moved on; without a text the note is taken away. */
  | { kind: "note"; text: string | undefined }
  /** There is nothing to draw. */
  | { kind: "empty"; text: string };

export type FromPage =
  /** The page has loaded and wants to be told everything. */
  | { kind: "ready" }
  /** A node was clicked; `file` where it stands in another file than the one that is drawn. */
  | { kind: "jump"; start: number; end: number; file: string | undefined };
