import { checkId, checkObject, checkOptionalText } from "./arguments.ts";

/** What a device shows from now on, and until when unless it succeeds again. */
export interface RememberedDevice {
  readonly token: string;
  readonly expireTime: Date;
}

/** Of a cookie that other hosts cannot set, and that is sent to this one alone. */
const usualName = "__Host-device";

/** A token is shorter: more is not looked at. */
const maxTokenLength = 200;

const namePattern = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * The value of a Set-Cookie header with which a browser keeps the token of a device: for this host alone, out of reach of scripts, and not sent
 * with requests that other sites make (but for links that are followed). Keep it when the person logs out: it lets nobody in.
 *
 * @param name `__Host-device` unless set. A browser takes `__Host-` on HTTPS alone (and on localhost); another name is not safe from other hosts of
 *   the same site.
 */
export function deviceCookie(
  device: RememberedDevice,
  name: string = usualName,
): string {
  checkObject("device", device);
  checkId("device.token", device.token);
  checkName(name);
  if (!/^[\w.-]+$/.test(device.token)) {
    throw new TypeError("device.token must be a token that lockoutd has given");
  }
  return [
    `${name}=${device.token}`,
    ...["Path=/", `Expires=${device.expireTime.toUTCString()}`],
    ...["Secure", "HttpOnly", "SameSite=Lax"],
  ].join("; ");
}

/**
 * The token in the Cookie header of a request, to be passed on as `client.deviceToken`; undefined where there is none. It may be anything that a browser
 * sent: what is no token of this user is as none.
 *
 * @param name as of {@link deviceCookie}
 */
export function readDeviceCookie(
  header: string | undefined,
  name: string = usualName,
): string | undefined {
  checkOptionalText("header", header);
  checkName(name);
  for (const pair of (header ?? "").split(";")) {
    const [key = "", ...rest] = pair.split("=");
    const value = rest.join("=").trim();
    if (key.trim() === name && value !== "" && value.length <= maxTokenLength) {
      return value;
    }
  }
  return undefined;
}

function checkName(name: unknown): void {
  checkId("name", name);
  if (!namePattern.test(name)) {
    throw new TypeError("name must be the name of a cookie");
  }
}
