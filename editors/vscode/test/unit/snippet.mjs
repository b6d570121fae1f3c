// What the editor inserts for a snippet when nothing is typed over its placeholders.

export function expand(body) {
  const text = Array.isArray(body) ? body.join("\n") : body;
  const defaults = new Map();
  for (const [, number, value] of text.matchAll(/\$\{(\d+):([^}]*)\}/g)) defaults.set(number, value);
  for (const [, number, choices] of text.matchAll(/\$\{(\d+)\|([^}]*)\|\}/g)) defaults.set(number, choices.split(",")[0]);
  return text
    .replace(/\$\{(\d+)[:|][^}]*\}/g, (_, number) => defaults.get(number))
    .replace(/\$(\d+)/g, (_, number) => {
      if (number !== "0" && !defaults.has(number)) throw new Error(`placeholder ${number} has no default`);
      return defaults.get(number) ?? "";
    });
}

/** Every choice that the snippet offers, expanded. */
export function expandAll(body) {
  const text = Array.isArray(body) ? body.join("\n") : body;
  const offered = [...text.matchAll(/\$\{(\d+)\|([^}]*)\|\}/g)];
  const texts = [expand(text)];
  for (const [whole, number, choices] of offered) {
    for (const choice of choices.split(",")) texts.push(expand(text.replace(whole, `\${${number}:${choice}}`)));
  }
  return [...new Set(texts)];
}
