import { findProgram, giveUp, nginxCommand, ServerProcess, type SkippableTest } from "@millrace/testkit";

/**
 * What the suite runs against: Millrace, or with `MILLRACE_INTEROP_SERVER=nginx` nginx with its RTMP module, which has
 * no GOP cache and no HTTP outputs, to tell a fault of the harness from one of the server.
 */
export const isStandIn = process.env["MILLRACE_INTEROP_SERVER"] === "nginx";

/** Starts the server under test. `settings` are Millrace's `--set` values, such as `rtmp.readTimeoutMillis=3s`. */
export function startServer(
	settings: readonly string[] = [],
	where: { readonly host?: string; readonly prefix?: readonly string[] } = {},
): Promise<ServerProcess> {
	if (isStandIn) return ServerProcess.start({ command: nginxCommand, ...where });
	return ServerProcess.start({ args: settings.flatMap(setting => ["--set", setting]), ...where });
}

/** For what the stand-in does not have. */
export function needMillrace(test: SkippableTest, what: string): void {
	if (isStandIn) giveUp(test, `nginx has no ${what}`);
}

/**
 * Waits until a stream is live: until its HTTP-FLV address answers. Throws after 10 s. The stand-in cannot tell; there
 * players start before publishers.
 */
export async function waitUntilLive(server: ServerProcess, path: string): Promise<void> {
	const deadline = Date.now() + 10_000;
	let last = "";
	while (Date.now() < deadline) {
		const ask = new AbortController();
		try {
			const answer = await fetch(server.httpUrl(`${path}.flv`), { signal: ask.signal });
			last = `status ${answer.status}`;
			if (answer.ok) return;
		} catch (error) {
			last = String(error);
		} finally {
			ask.abort();
		}
		await sleep(100);
	}
	throw new Error(`${path} did not become live in 10 s: ${last}`);
}

export function sleep(millis: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, millis));
}

/** The path of a program that `needPrograms` has found. */
export function programPath(name: string): string {
	return findProgram(name) ?? name;
}
