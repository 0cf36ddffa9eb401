import { encodeAmf0 } from "@millrace/core/amf";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, MediaMessage, parseData } from "@millrace/core/flv";
import { netStatus } from "@millrace/core/rtmp";
import { describe, expect, test } from "vitest";
import { NetStream } from "./net-stream.ts";
import { publishMedia } from "./publisher.ts";
import { TestNetwork } from "./test-network.ts";

const CONFIGURATION = new MediaMessage(MEDIA_VIDEO, 0, Uint8Array.of(0x17, 0, 0, 0, 0, 1));
const METADATA = new MediaMessage(MEDIA_DATA, 0, encodeAmf0("onMetaData", { width: 2 }));
const frame = (time: number) => new MediaMessage(MEDIA_VIDEO, time, Uint8Array.of(0x17, 1, 0, 0, 0));
const sound = (time: number) => new MediaMessage(MEDIA_AUDIO, time, Uint8Array.of(0x2f, 1));

async function* each(messages: readonly MediaMessage[]): AsyncGenerator<MediaMessage> {
	yield* messages;
}

async function publishing() {
	const network = new TestNetwork();
	const { nc } = network.connection();
	nc.connect("rtmp://host/live");
	const ns = new NetStream(nc);
	ns.publish("a");
	await network.run();
	return { network, nc, ns };
}

function times(network: TestNetwork): number[] {
	return network.server.media.map(([, time]) => time);
}

describe("publishMedia", () => {
	test("sends at the pace of the times, which begin at zero", async () => {
		const { network, ns } = await publishing();
		const done = publishMedia(ns, each([METADATA, CONFIGURATION, frame(5000), sound(5010), frame(6000)]));
		await network.pass(20);
		expect(times(network)).toEqual([0, 0, 0, 10]);
		await network.pass(900);
		expect(times(network)).toHaveLength(4);
		await network.pass(1200);
		expect(times(network)).toEqual([0, 0, 0, 10, 1000]);
		expect(await done).toMatchObject({ messages: 5, millis: 1000 });
	});

	test("at twice the speed takes half the time, and without pace none", async () => {
		const { network, ns } = await publishing();
		const messages = [frame(0), frame(1000)];
		void publishMedia(ns, each(messages), { speed: 2 });
		await network.pass(510);
		expect(times(network)).toEqual([0, 1000]);
		const unpaced = publishMedia(ns, each(messages), { speed: Number.POSITIVE_INFINITY });
		await network.run();
		expect((await unpaced).messages).toBe(2);
	});

	test("loops with times that go on, and repeats neither metadata nor configuration", async () => {
		const { network, ns } = await publishing();
		const abort = new AbortController();
		const source = () => each([METADATA, CONFIGURATION, frame(0), sound(5), frame(40), sound(45)]);
		const done = publishMedia(ns, source, { loop: true, signal: abort.signal });
		await network.pass(190);
		expect(times(network)).toEqual([0, 0, 0, 5, 40, 45, 85, 90, 125, 130, 170, 175]);
		abort.abort();
		await network.run();
		expect((await done).messages).toBeGreaterThanOrEqual(12);
	});

	test("makes metadata known to those who come later", async () => {
		const { network, ns } = await publishing();
		const sent: Uint8Array[] = [];
		network.server.onMedia = (_stream, _type, _time, payload) => sent.push(payload);
		void publishMedia(ns, each([METADATA, frame(0)]));
		await network.run();
		expect(parseData(sent[0]!, MEDIA_DATA)).toMatchObject({
			handler: "onMetaData",
			keep: "set",
			values: [{ width: 2 }],
		});
	});

	test("goes on where the source's clock begins anew", async () => {
		const { network, ns } = await publishing();
		const messages = [frame(9000), frame(9040), frame(0), frame(40)];
		void publishMedia(ns, each(messages), { speed: Number.POSITIVE_INFINITY });
		await network.run();
		expect(times(network)).toEqual([0, 40, 80, 120]);
	});

	test("throws where the server ends the publishing, and where the connection is lost", async () => {
		const { network, nc, ns } = await publishing();
		const endless = () => each([frame(0), frame(100)]);
		const refused = publishMedia(ns, endless, { loop: true });
		refused.catch(() => undefined);
		await network.pass(300);
		network.server.stream.sendStatus(netStatus("NetStream.Publish.Denied"));
		await network.pass(300);
		await expect(refused).rejects.toMatchObject({ code: "NetStream.Publish.Denied" });
		nc.connect("rtmp://host/live");
		ns.publish("a");
		await network.run();
		const lost = publishMedia(ns, endless, { loop: true });
		lost.catch(() => undefined);
		await network.pass(300);
		network.drop();
		await network.pass(300);
		await expect(lost).rejects.toMatchObject({ code: "NetConnection.Connect.Closed" });
	});

	test("does not repeat an empty source", async () => {
		const { ns } = await publishing();
		expect(await publishMedia(ns, () => each([]), { loop: true })).toEqual({ messages: 0, bytes: 0, millis: 0 });
	});
});
