import { AmfClassRegistry, type AmfValue } from "@millrace/core/amf";
import { describe, expect, it } from "vitest";
import { encodeEffect, InstanceStores, type PortEffect } from "../app/index.ts";
import { clientFacts } from "../app/instance-fixture.ts";
import { type ApplicationDefinition, type Methods, reject } from "./definition.ts";
import { type AnyDefinition, InstanceRuntime } from "./instance-runtime.ts";

const FACTS = clientFacts("c1");

/** More than one effect may hold. */
const UNSENDABLE: AmfValue = "x".repeat(20_000);

/** An instance, and what it has sent: `log` lines by their beginning, others by their kind. */
async function start(
	definition: ApplicationDefinition<unknown, unknown, Methods<unknown, unknown>>,
): Promise<{ runtime: InstanceRuntime; sent: string[] }> {
	const sent: string[] = [];
	const classes = new AmfClassRegistry();
	const runtime = new InstanceRuntime(definition as AnyDefinition, {
		application: "app",
		virtualHost: "",
		instance: "room",
		config: {},
		classes,
		folder: undefined,
		stores: new InstanceStores(),
		emit: (effect: PortEffect) => {
			encodeEffect(effect, { classes, maxBytes: 10_000 });
			sent.push(effect.kind === "log" ? `log ${effect.text.split(":")[0]}` : effect.kind);
		},
		askNow: () => {
			throw new Error("Nobody is there.");
		},
	});
	await runtime.start();
	return { runtime, sent };
}

const REFUSALS: [how: string, handler: () => never | unknown][] = [
	["returned", () => reject("No.", UNSENDABLE)],
	[
		"thrown",
		() => {
			throw reject("No.", UNSENDABLE);
		},
	],
	["returned later", async () => reject("No.", UNSENDABLE)],
	[
		"thrown later",
		async () => {
			throw reject("No.", UNSENDABLE);
		},
	],
];

describe("the runtime of an instance", () => {
	it.each(REFUSALS)("answers a client whose refusal, %s, holds what cannot be sent", async (_how, handler) => {
		const { runtime, sent } = await start({ onConnect: handler as () => never });
		runtime.handle({ kind: "connect", client: FACTS });
		await expect.poll(() => sent).toEqual(["log onConnect", "reject"]);
	});

	it.each(REFUSALS)("answers a call whose refusal, %s, holds what cannot be sent", async (_how, handler) => {
		const { runtime, sent } = await start({ methods: { no: handler as () => never } });
		runtime.handle({ kind: "connect", client: FACTS });
		runtime.handle({ kind: "call", client: "c1", call: 1, name: "no", args: [] });
		await expect.poll(() => sent).toEqual(["accept", "log no", "error"]);
	});

	it("ends although `onShutdown` asks for what nobody answers any more", async () => {
		const { runtime, sent } = await start({
			async onShutdown(app) {
				await app.stats();
			},
		});
		await runtime.end("ended");
		expect(sent).toEqual(["log onShutdown"]);
	});
});
