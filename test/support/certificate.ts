import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import tls from "node:tls";

/** The SHA-256 of a certificate in PEM. */
export function fingerprintOf(cert: Buffer): string {
  return new X509Certificate(cert).fingerprint256;
}

/** The SHA-256 of the certificate that a new connection to a port of this machine gets. */
export async function servedCertificate(port: number): Promise<string> {
  const socket = tls.connect({
    port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
  });
  await once(socket, "secureConnect");
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}
