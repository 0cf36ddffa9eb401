import type { MediaMessage } from "@millrace/core/flv";
import { describe, expect, it } from "vitest";
import { HubFixture, keyframe, picture, sound, videoConfiguration } from "./hub-fixture.ts";
import type { PublisherEnd } from "./publication.ts";
import type { StreamTap } from "./stream-tap.ts";

class TestTap implements StreamTap {
	readonly events: string[] = [];
	readonly messages: MediaMessage[] = [];

	onMessages(batch: readonly MediaMessage[]): void {
		this.messages.push(...batch);
		this.events.push(`${batch.length} messages`);
	}

	onPublisher(isReturn: boolean): void {
		this.events.push(isReturn ? "back" : "publisher");
	}

	onPublisherLost(): void {
		this.events.push("lost");
	}

	onEnded(reason: PublisherEnd): void {
		this.events.push(reason);
	}
}

describe("a tap on a live stream", () => {
	it("gets every message from the publisher's first to its last, and is told how it ends", () => {
		const fixture = new HubFixture();
		const tap = new TestTap();
		fixture.live.attachTap(tap);
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), keyframe(2)).send(picture(3), sound(4));
		publisher.publication.end("stopped");
		expect(tap.events).toEqual(["publisher", "2 messages", "2 messages", "stopped"]);
	});

	it("goes on through the grace time of a lost publisher and through a takeover", () => {
		const fixture = new HubFixture({ graceMillis: 1000 });
		const publisher = fixture.publish();
		const tap = new TestTap();
		fixture.live.attachTap(tap);
		publisher.send(keyframe(1)).publication.end("dropped");
		fixture.clock.advance(500);
		const back = fixture.publish();
		back.send(keyframe(2));
		fixture.publish().publication.end("dropped");
		fixture.clock.advance(1000);
		expect(tap.events).toEqual(["1 messages", "lost", "back", "1 messages", "back", "lost", "dropped"]);
	});

	it("is told once when the server stops, whether somebody publishes or is waited for", () => {
		for (const end of [undefined, "dropped"] as const) {
			const fixture = new HubFixture();
			const tap = new TestTap();
			const publisher = fixture.publish();
			fixture.live.attachTap(tap);
			if (end !== undefined) publisher.publication.end(end);
			fixture.hub.stop();
			expect(tap.events.filter(event => event === "server-stopping")).toHaveLength(1);
		}
	});

	it("begins exactly where the cache ends, and hears nothing once it is detached", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		publisher.play(100, keyframe(1), picture(2)).send(picture(3));
		const tap = new TestTap();
		const detach = fixture.live.attachTap(tap);
		const before = fixture.live.cache.group.length;
		publisher.play(100, picture(4));
		detach();
		publisher.play(100, picture(5));
		expect([before, tap.messages.map(({ payload }) => payload.at(-1))]).toEqual([2, [3, 4]]);
	});
});
