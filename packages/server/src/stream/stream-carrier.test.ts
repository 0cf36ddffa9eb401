import type { NetStream } from "@millrace/client";
import { MEDIA_VIDEO, type MediaMessage } from "@millrace/core/flv";
import { describe, expect, it } from "vitest";
import { HubFixture } from "../hub/hub-fixture.ts";
import { PlayerSchedule } from "../library/index.ts";
import { StreamCarrier } from "./stream-carrier.ts";

/** The stream on the other server, which has taken nothing of so many bytes. */
class Upstream {
	backlog = 0;
	frames = 0;

	sendMedia(_message: MediaMessage): boolean {
		this.frames++;
		return true;
	}
}

/** A picture of 100,000 bytes. */
function picture(isKeyframe: boolean) {
	const payload = new Uint8Array(100_000);
	payload.set([isKeyframe ? 0x17 : 0x27, 1]);
	return { type: MEDIA_VIDEO, payload } as const;
}

describe("a stream that is carried to a server which is too slow", () => {
	it.each([
		{ bufferSeconds: 0, backlog: 2_000_000, sent: 1 },
		{ bufferSeconds: 0, backlog: 5_000_000, sent: 0 },
		// A million bytes come each second.
		{ bufferSeconds: 1, backlog: 900_000, sent: 1 },
		{ bufferSeconds: 1, backlog: 1_200_000, sent: 0 },
		{ bufferSeconds: 3, backlog: 2_000_000, sent: 1 },
		{ bufferSeconds: 60, backlog: 5_000_000, sent: 0 },
		// A keyframe can be so large.
		{ bufferSeconds: 0.1, backlog: 250_000, sent: 1 },
	])("of $backlog waiting bytes and $bufferSeconds seconds lets $sent pass", ({ bufferSeconds, backlog, sent }) => {
		const { live, clock, publish } = withPublisher();
		const upstream = new Upstream();
		const carrier = new StreamCarrier(live, new PlayerSchedule(clock), upstream as unknown as NetStream);
		carrier.bufferSeconds = bufferSeconds;
		publish(true, 0);
		for (let count = 0; count < 50; count++) publish(false, 100);
		const before = upstream.frames;
		expect(before).toBeGreaterThan(40);
		upstream.backlog = backlog;
		publish(false, 100);
		expect(upstream.frames - before).toBe(sent);
		upstream.backlog = 0;
		publish(false, 100);
		publish(true, 100);
		expect(upstream.frames - before).toBe(sent === 1 ? 3 : 1);
		carrier.close();
	});
});

/** A stream whose every message is sent on at once. */
function withPublisher() {
	const fixture = new HubFixture({ defaultWindowMillis: 1 });
	const publisher = fixture.publish();
	const publish = (isKeyframe: boolean, millis: number) => void publisher.play(millis, picture(isKeyframe));
	return { live: fixture.live, clock: fixture.clock, publish };
}
