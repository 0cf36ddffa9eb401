import { type Program, type ServerProcess, TempDir } from "@millrace/testkit";
import type { Player, Playing } from "./player.ts";
import type { Publisher } from "./publisher.ts";
import { isStandIn, sleep, waitUntilLive } from "./suite-server.ts";

export type LiveSessionOptions = {
	readonly server: ServerProcess;
	/** Application and stream name: `live/one`. */
	readonly path: string;
	readonly publisher: Publisher;
	/** The FLV file that is published. */
	readonly media: string;
	readonly players: readonly Player[];
};

/** What each player made of a stream: the file, or why there is none. */
export type LiveSessionResult = {
	/** The file that a player wrote; throws what made the player, or the publisher, fail. */
	file(player: Player): string;
	remove(): void;
};

/**
 * Publishes a file once, with all players at the same time. Players join the running stream, so that they depend on the
 * server's cache; at the stand-in, which has none, they wait for it.
 */
export async function runLiveSession(options: LiveSessionOptions): Promise<LiveSessionResult> {
	const { server, path, publisher, media, players } = options;
	const dir = new TempDir("session");
	const files = new Map(players.map((player, i) => [player.name, dir.file(`${i}.flv`)]));
	const failures = new Map<string, unknown>();
	const playing = new Map<string, Playing>();
	const join = async () => {
		await Promise.all(
			players.map(async player => {
				try {
					playing.set(player.name, await player.start(server, path, files.get(player.name)!));
				} catch (error) {
					failures.set(player.name, error);
				}
			}),
		);
	};
	let program: Program | undefined;
	let publisherFailure: unknown;
	try {
		if (isStandIn) {
			await join();
			await sleep(1500);
		}
		program = publisher.start(media, server.rtmpUrl(path));
		if (!isStandIn) {
			await waitUntilLive(server, path);
			await join();
		}
		const exit = await program.waitForExit(30_000);
		if (exit.code !== 0) publisherFailure = new Error(program.describe("failed to publish"));
	} catch (error) {
		publisherFailure = program?.exit ? new Error(program.describe(String(error))) : error;
	}
	await program?.stop();
	await Promise.all(
		[...playing].map(async ([name, one]) => {
			try {
				await one.finish();
			} catch (error) {
				failures.set(name, error);
			}
		}),
	);
	return {
		file(player) {
			if (publisherFailure) throw publisherFailure;
			const failure = failures.get(player.name);
			if (failure) throw failure;
			return files.get(player.name)!;
		},
		remove: () => dir.remove(),
	};
}
