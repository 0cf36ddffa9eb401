import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** What becomes of a request that is none: its status, and what the log says. */
type RequestFault = { readonly status: string; readonly text: string };

const FAULTS: Readonly<Record<string, RequestFault>> = {
	ERR_HTTP_REQUEST_TIMEOUT: { status: "408 Request Timeout", text: "The request is not complete in time." },
	HPE_HEADER_OVERFLOW: {
		status: "431 Request Header Fields Too Large",
		text: "The request is longer in its head than may be.",
	},
	HPE_CHUNK_EXTENSIONS_OVERFLOW: {
		status: "413 Payload Too Large",
		text: "The request is longer in its chunks' extensions than may be.",
	},
};

/**
 * Answers what is no request, as Node itself would, and tells of it: clients that break off are not told of. A response
 * that has begun is not mixed with another; its connection ends.
 */
export function refuseBadRequests(server: Server, onRefused: (socket: Socket, text: string) => void): void {
	const responses = new WeakMap<Duplex, ServerResponse>();
	server.prependListener("request", (request, response) => responses.set(request.socket, response));
	server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
		const { code = "" } = error;
		const fault = FAULTS[code] ?? (code.startsWith("HPE_") ? malformed(code) : undefined);
		// What ends in the middle is an end of the connection, as a reset is.
		if (fault !== undefined && code !== "HPE_INVALID_EOF_STATE") onRefused(socket as Socket, fault.text);
		const response = responses.get(socket);
		const isAnswering = response?.headersSent === true && !response.writableFinished;
		if (fault === undefined || !socket.writable || isAnswering) {
			socket.destroy(error);
			return;
		}
		socket.end(`HTTP/1.1 ${fault.status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
	});
}

function malformed(code: string): RequestFault {
	return { status: "400 Bad Request", text: `The request is no HTTP (${code.slice(4)}).` };
}
