import { hash } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { getCaller } from "../../auth/caller.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { andThen } from "../../store/awaitable.ts";
import type { Awaitable } from "../../store/awaitable.ts";

/** A request for a page of a list. */
interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** A page of a list. */
interface Page {
  readonly nextPageToken?: string;
}

type PagedMethod = (
  request: PageRequest,
  context: HandlerContext,
) => Awaitable<Page>;

/** How many characters of a page token say what it is for: 72 bits. */
const markLength = 12;

/**
 * The methods of a service, of which those that list in pages take a page token only with the request that it was made for: the same method,
 * organisation and fields, but for the size of the page. With another filter the next page would begin at a place that says nothing there, and UnlockUsers
 * would unlock others than those who were meant.
 */
export function withBoundPages<Desc extends DescService>(
  service: Desc,
  implementation: ServiceImpl<Desc>,
): ServiceImpl<Desc> {
  const methods: Record<string, unknown> = { ...implementation };
  for (const method of service.methods) {
    const list = methods[method.localName] as PagedMethod | undefined;
    if (list !== undefined && isPaged(method)) {
      methods[method.localName] = bindPages(method, list);
    }
  }
  return methods as ServiceImpl<Desc>;
}

function isPaged({ methodKind, input, output }: DescMethod): boolean {
  return (
    methodKind === "unary" &&
    input.field["pageToken"] !== undefined &&
    output.field["nextPageToken"] !== undefined
  );
}

function bindPages(method: DescMethod, list: PagedMethod): PagedMethod {
  return (request, context) => {
    const { pageToken } = request;
    const asked =
      pageToken === ""
        ? request
        : { ...request, pageToken: read(pageToken, method, request, context) };
    return andThen(list(asked, context), (page) => {
      const { nextPageToken = "" } = page;
      return nextPageToken === ""
        ? page
        : {
            ...page,
            nextPageToken: markOf(method, request, context) + nextPageToken,
          };
    });
  };
}

/** What the list itself has made of a page token. @throws LockoutError where it is of another request */
function read(
  pageToken: string,
  ...of: readonly [DescMethod, PageRequest, HandlerContext]
): string {
  const token = pageToken.slice(markLength);
  if (token === "" || !pageToken.startsWith(markOf(...of))) {
    throw new LockoutError("pageInvalid");
  }
  return token;
}

/** What a page token is for: the same on all nodes. */
function markOf(
  { input, parent, name }: DescMethod,
  request: PageRequest,
  { values }: HandlerContext,
): string {
  const fields = toBinary(
    input,
    { ...request, pageSize: 0, pageToken: "" } as unknown as Message,
    { writeUnknownFields: false },
  );
  const { orgId } = getCaller(values);
  const call = Buffer.from(`${parent.typeName}/${name} ${orgId} `);
  return hash("sha256", Buffer.concat([call, fields]), "base64url").slice(
    ...([0, markLength] as const),
  );
}
