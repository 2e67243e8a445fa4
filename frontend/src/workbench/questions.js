// The question library beside the editor: finding questions, and putting one into the editor.

import { folded } from "./completion.js";

/** Make the library in the page searchable; `load(name, words)` puts a question into the editor. */
export function library(section, { t, load }) {
  const links = [...section.querySelectorAll("a[data-question]")];
  const topics = [...section.querySelectorAll("details")];
  const opened = topics.map((topic) => topic.open);
  const found = section.querySelector("#found");
  const texts = new Map(links.map((link) => [link, folded(`${link.textContent} ${link.dataset.question} ${link.closest("details").querySelector("summary").textContent}`)]));

  section.querySelector("#find").addEventListener("input", (event) => {
    const words = folded(event.target.value).split(/\s+/).filter(Boolean);
    for (const link of links) link.closest("li").hidden = !words.every((word) => texts.get(link).includes(word));
    topics.forEach((topic, place) => {
      const hasSome = [...topic.querySelectorAll("li")].some((item) => !item.hidden);
      topic.hidden = !hasSome;
      topic.open = words.length ? hasSome : opened[place];
    });
    found.textContent = topics.every((topic) => topic.hidden) ? t("noQuestions") : "";
  });

  for (const link of links) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      for (const other of links) other.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      load(link.dataset.question, link.textContent);
    });
  }
}
