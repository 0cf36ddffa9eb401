import type { ServerResponse } from "node:http";

/**
 * Sends blocks one after another, each as the client has taken the one before: no more than one waits in memory.
 * `next` gives the block that follows, `undefined` at the end. Resolves at the end, or when the client has gone; what
 * `next` throws is thrown, and the answer is then broken off.
 */
export async function sendBlocks(response: ServerResponse, next: () => Promise<Uint8Array | undefined>): Promise<void> {
	try {
		for (;;) {
			const block = await next();
			if (response.destroyed) return;
			if (block === undefined) break;
			if (!response.write(block)) await drained(response);
		}
	} catch (error) {
		// An orderly end would tell the client that it has everything.
		response.destroy();
		throw error;
	}
	response.end();
}

/** Resolves when more can be written, or the client has gone. */
function drained(response: ServerResponse): Promise<void> {
	return new Promise(resolve => {
		if (response.destroyed) return resolve();
		const done = (): void => {
			response.off("drain", done);
			response.off("close", done);
			resolve();
		};
		response.on("drain", done);
		response.on("close", done);
	});
}
