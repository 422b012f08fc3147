/** A field of a header block. */
interface Field {
  /** Its name's place in the static table; 0 for a name that is not in there. */
  readonly staticName: number;
  readonly name: string;
  readonly value: string;
}

const methodPost = 0x83;
const schemeHttp = 0x86;
const staticPath = 4;
/** The newest entry of the dynamic table has this index. */
const newest = 62;

/**
 * Header blocks of the calls on one connection (RFC 7541), by the path's place: the first ones put their fields
 * into the dynamic table, and later ones name them by a byte each, as the common HTTP/2 libraries do. The paths
 * must be said for the first time in their order.
 */
export function createHeaderBlocks(
  paths: readonly string[],
  authority: string,
  token: string,
): (path: number) => Buffer {
  const shared: readonly Field[] = [
    { staticName: 1, name: ":authority", value: authority },
    { staticName: 31, name: "content-type", value: "application/grpc" },
    { staticName: 0, name: "te", value: "trailers" },
    { staticName: 58, name: "user-agent", value: "lockoutd-bench" },
    { staticName: 23, name: "authorization", value: `Bearer ${token}` },
  ];
  const pathFields = paths.map((value) => ({
    staticName: staticPath,
    name: ":path",
    value,
  }));
  /** The dynamic table in the order of entry. */
  const table: Field[] = [];
  const encode = (fields: readonly Field[]) =>
    Buffer.concat([
      Buffer.of(methodPost, schemeHttp),
      ...fields.map((field) => {
        const place = table.indexOf(field);
        if (place >= 0) {
          return Buffer.of(0x80 | (newest + table.length - 1 - place));
        }
        table.push(field);
        return literal(field);
      }),
    ]);
  /** The blocks that add nothing to the table, as the table is now. */
  let made: readonly Buffer[] = [];
  return (path) => {
    const ready = made[path];
    if (ready !== undefined) {
      return ready;
    }
    const field = pathFields[path];
    if (field === undefined || path !== made.length) {
      throw new RangeError("the paths are to be said in their order at first");
    }
    const first = encode([field, ...shared]);
    made = pathFields
      .slice(0, path + 1)
      .map((said) => encode([said, ...shared]));
    return first;
  };
}

/** A literal field with incremental indexing. */
function literal({ staticName, name, value }: Field): Buffer {
  return Buffer.concat([
    Buffer.of(0x40 | staticName),
    ...(staticName === 0 ? [text(name)] : []),
    text(value),
  ]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.length > 126) {
    throw new RangeError("a header value is too long");
  }
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}
