import type { Duplex } from "node:stream";

/**
 * Refuses an upgrade that the HTTP server has handed over. The client need not read it: the socket closes in any case.
 *
 * @param status with its words: `403 Forbidden`
 */
export function refuseUpgrade(socket: Duplex, status: string): void {
	// The HTTP server has let go of the socket: without a listener, a reset would end the process.
	socket.on("error", () => socket.destroy());
	socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}
