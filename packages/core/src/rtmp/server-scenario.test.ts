import { splits } from "@millrace/testkit";
import { describe, expect, test } from "vitest";
import { SCENARIOS } from "./server-scenario.ts";
import { ServerSession } from "./server-session.ts";

describe.each(SCENARIOS)("$name", ({ script, events, sent, facts, expected }) => {
	const bytes = script().take();
	const verify = (session: ServerSession) => {
		expect(session.events).toEqual(events);
		if (sent !== undefined) expect(session.sent).toEqual(sent);
		expect(session.connection.link.closed).toBe(false);
		expect(facts?.(session)).toEqual(expected);
	};

	test.each(splits)("$name", split => {
		const session = new ServerSession();
		session.receive(bytes, split);
		verify(session);
	});

	test("all permissions later", () => {
		const session = new ServerSession("later");
		session.receive(bytes);
		while (session.waiting.length > 0) session.settleNext();
		verify(session);
	});

	test("cut off after any byte, the end is told once and nothing after it", () => {
		for (let length = bytes.length - 1; length >= 0; length -= length > 3073 ? 41 : 500) {
			const session = new ServerSession();
			session.receive(bytes.subarray(0, length));
			session.connection.link.close();
			session.connection.receive(bytes.subarray(length), 0);
			session.connection.handleTimeout(1e9);
			expect(session.events.filter(event => event.startsWith("closed"))).toEqual(["closed -"]);
			const open = session.events.map(event => event.split(" ")[0]);
			const count = (name: string) => open.filter(each => each === name).length;
			expect([count("unpublish"), count("stop")]).toEqual([count("publish"), count("play")]);
		}
	});
});
