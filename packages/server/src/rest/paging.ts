import type { FastifyReply, FastifyRequest } from "fastify";
import { limits } from "../limits.ts";
import type { Page } from "../registry/page.ts";

/**
 * Answers one page of a list as a bare array, with `Link: <…>; rel="next"` when there is more. The
 * cursor is the id of the last item, so what is added or deleted meanwhile moves nothing.
 */
export async function sendPage<T extends { readonly id: string }>(
  request: FastifyRequest,
  reply: FastifyReply,
  query: { readonly limit?: number; readonly cursor?: string },
  read: (page: Page) => Promise<readonly T[]>,
): Promise<T[]> {
  const limit = query.limit ?? limits.pageItemsMax;
  // One more than asked tells whether there is a next page.
  const items = await read({ after: query.cursor, limit: limit + 1 });
  const page = items.slice(0, limit);
  const last = page.at(-1);
  if (items.length > limit && last !== undefined) {
    const next = new URL(request.url, "http://localhost");
    next.searchParams.set("cursor", last.id);
    reply.header("link", `<${next.pathname}${next.search}>; rel="next"`);
  }
  return page;
}
