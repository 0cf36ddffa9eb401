import {
	comparePackets,
	isMet,
	type MediaLibrary,
	needEncoders,
	probePackets,
	type ServerProcess,
	type SkippableTest,
} from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LiveSessionResult, runLiveSession } from "./live-session.ts";
import type { Player } from "./player.ts";
import type { Publisher } from "./publisher.ts";

export type LiveProofOptions = {
	/** With `%s` for the publisher's name. */
	readonly title: string;
	/** The server, when it has started. */
	server(): ServerProcess;
	readonly library: MediaLibrary;
	readonly publishers: readonly Publisher[];
	readonly players: readonly Player[];
	/** What else it takes. Default: nothing. */
	readonly need?: (test: SkippableTest) => void;
};

/** Proves for each publisher with each player that a live stream arrives packet for packet; all players play at once. */
export function proveLive({ title, server, library, publishers, players, need = () => {} }: LiveProofOptions): void {
	describe.each(publishers.map(publisher => [publisher.name, publisher] as const))(title, (name, publisher) => {
		// GStreamer's FLV muxer writes no composition times, so it is given a stream that needs none.
		const medium = name.startsWith("GStreamer") ? "h264-aac" : "h264-bframes-aac";
		let media = "";
		let session: LiveSessionResult | undefined;

		beforeAll(async () => {
			for (const each of [need, publisher.need]) if (!(await isMet(each))) return;
			media = await library.file(medium);
			const present: Player[] = [];
			for (const player of players) if (await isMet(player.need)) present.push(player);
			const path = `live/${name.replaceAll(" ", "-")}`;
			session = await runLiveSession({ server: server(), path, publisher, media, players: present });
		});

		afterAll(() => session?.remove());

		test.for(players.map(player => [player.name, player] as const))(
			"reaches %s packet for packet",
			async ([, player], context) => {
				need(context);
				await needEncoders(context, "libx264", "aac");
				await publisher.need(context);
				await player.need(context);
				const compared = comparePackets(await probePackets(media), await probePackets(session!.file(player)), {
					missingAtEnd: player.losesAtEnd ?? 0,
				});
				expect(compared.map(stream => stream.kind)).toEqual(["video", "audio"]);
			},
		);
	});
}
