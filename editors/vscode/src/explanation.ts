// Turns what `nnrun explain` prints for a terminal into Markdown.
//
// A page is read by its indentation alone. A line with an indented one right below it is the title of a section of a
// catalog page; an indented block after a blank line is a program of a diagnostic's page; the rest is prose.

/** The page as Markdown. */
export function toMarkdown(page: string): string {
  const lines = page.replace(/\r\n?/g, "\n").trimEnd().split("\n");
  const parts: string[] = [];
  let at = 0;
  const indented = (index: number): boolean => /^ {2}\S/.test(lines[index] ?? "") || /^ {3,}/.test(lines[index] ?? "");
  const blank = (index: number): boolean => (lines[index] ?? "").trim() === "";

  /** The indented block that begins here, without its first indentation; blank lines inside belong to it. */
  const block = (): string[] => {
    const start = at;
    let end = at;
    for (; at < lines.length && (indented(at) || blank(at)); at += 1) if (indented(at)) end = at + 1;
    at = end;
    return lines.slice(start, end).map((line) => line.slice(2));
  };

  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (line.trim() === "") {
      at += 1;
    } else if (indented(at)) {
      parts.push(fence("nn", block()));
    } else if (indented(at + 1)) {
      at += 1;
      parts.push(`## ${line}`, section(line, block()));
    } else if (at === 0 || /^\w+: an? [a-z ]+$/.test(line)) {
      // The page of a name with two meanings, such as the loss and the schedule `cosine`, has two headings.
      parts.push(`# ${line}`);
      at += 1;
    } else {
      const start = at;
      while (at < lines.length && !blank(at) && !indented(at)) at += 1;
      parts.push(prose(lines.slice(start, at)));
    }
  }
  return parts.join("\n\n") + "\n";
}

function fence(language: string, lines: string[]): string {
  return ["```" + language, ...lines, "```"].join("\n");
}

/** Text as it stands: a star of a formula is not emphasis. Quoted code keeps its own. */
function prose(lines: string[]): string {
  return lines
    .join("\n")
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[*<]/g, "\\$&")))
    .join("");
}

function section(title: string, lines: string[]): string {
  if (title === "Arguments") return argumentList(lines);
  if (title === "As in" || title === "Elsewhere") return prose(lines);
  return fence(title === "Example" ? "nn" : "text", lines);
}

/** `name: type`, with what it means indented below. */
function argumentList(lines: string[]): string {
  const items: { head: string; meaning: string[] }[] = [];
  for (const line of lines) {
    const last = items.at(-1);
    if (line.startsWith("  ") && last !== undefined) last.meaning.push(line.trim());
    else if (line.trim() !== "") items.push({ head: line.trim(), meaning: [] });
  }
  return items.map(({ head, meaning }) => `- \`${head}\`: ${prose([meaning.join(" ")])}`).join("\n");
}
