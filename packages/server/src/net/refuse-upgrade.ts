import type { Duplex } from "node:stream";

/**
 * Refuses an upgrade that an HTTP server has handed over. The client need not read it: the socket closes in any case.
 *
 * @param status `403 Forbidden`
 */
export function refuseUpgrade(socket: Duplex, status: string): void {
	socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}
