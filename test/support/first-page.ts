/** All that fits in one page. */
export const firstPage = { size: 1000, after: undefined };
