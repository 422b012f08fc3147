const utf8 =
  /^(application\/(?:json|connect\+json|grpc[a-z+-]*))[ \t]*;[ \t]*charset="?utf-?8"?[ \t]*$/i;

/**
 * A media type of an RPC protocol without a charset of UTF-8: that goes without saying, but some browsers and libraries say it of
 * whatever they send, and Connect's handlers do not expect it.
 */
export function withoutCharset(type: string): string {
  return type.includes(";") ? (utf8.exec(type)?.[1] ?? type) : type;
}
