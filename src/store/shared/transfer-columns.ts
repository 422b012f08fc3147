/** A column of a table that is copied. */
export interface TransferColumn {
  readonly name: string;
  readonly type: "text" | "integer" | "bytes";
}

/** A table that is moved. */
export interface TransferTable {
  readonly name: string;
  /** The columns of its key, which give the order of the rows: texts byte by byte. */
  readonly key: readonly TransferColumn[];
  readonly rest: readonly TransferColumn[];
}

/** A column of texts. */
export function text(name: string): TransferColumn {
  return { name, type: "text" };
}

/** A column of integers. */
export function integer(name: string): TransferColumn {
  return { name, type: "integer" };
}

/** A column of bytes. */
export function bytes(name: string): TransferColumn {
  return { name, type: "bytes" };
}
