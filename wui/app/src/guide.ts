// The user guide, which the server has beside these pages: English, in a tab of its own.
import pages from "./guide.json";

export const guide = "/guide/";
// The chapter for each page and each of its tabs; deploy/guide/build-guide --check says which leads nowhere.
const chapters: Record<string, string> = pages;

// Where the guide tells of the page at this path, or of the one that it is a part of.
export function chapterOf(path: string): string {
  for (let at = path; at; at = at.slice(0, at.lastIndexOf("/"))) {
    if (chapters[at]) return guide + chapters[at];
  }
  return guide;
}
