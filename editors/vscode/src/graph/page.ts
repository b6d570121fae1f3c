// The page that the graph is shown on: its HTML, and what it is allowed to do.

/** Where the page's own files are, and the origin that the editor serves them from. */
export interface PageFiles {
  origin: string;
  script: string;
  style: string;
}

/**
 * The whole page. Everything is forbidden but the extension's style sheet, and the one script and the drawing's own
 * style that carry the nonce: a drawing is made from a program that somebody else may have written.
 */
export function html(files: PageFiles, nonce: string): string {
  const policy = [
    "default-src 'none'",
    `style-src ${files.origin} 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="stylesheet" href="${escape(files.style)}">
  <title>nnrun graph</title>
</head>
<body>
  <nav aria-label="Zoom">
    <button id="smaller" type="button" title="Smaller" aria-label="Smaller">−</button>
    <button id="fit" type="button" title="Fit the width">Fit</button>
    <button id="larger" type="button" title="Larger" aria-label="Larger">+</button>
  </nav>
  <p id="note" role="status" hidden></p>
  <main id="picture" tabindex="0" aria-label="The network"></main>
  <script nonce="${escape(nonce)}" src="${escape(files.script)}"></script>
</body>
</html>
`;
}

/** A nonce that cannot be guessed. */
export function makeNonce(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(24));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function escape(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
}
