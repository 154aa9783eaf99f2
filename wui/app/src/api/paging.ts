// Lists come in pages; most callers want them whole.
interface Page {
  nextPageToken: string;
}

// All pages, one after the other; at most `limit` of them.
export async function allPages<P extends Page, R>(
  get: (page: { pageSize: number; pageToken: string }) => Promise<P>,
  rows: (page: P) => R[],
  limit = 20,
): Promise<R[]> {
  const all: R[] = [];
  let pageToken = "";
  for (let count = 0; count < limit; ++count) {
    const page = await get({ pageSize: 500, pageToken });
    all.push(...rows(page));
    pageToken = page.nextPageToken;
    if (!pageToken) break;
  }
  return all;
}
