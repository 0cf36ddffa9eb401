import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { Client } from "../application/index.ts";
import { Admission } from "./admission.ts";

/** Nothing of a client counts but who it is. */
const newClient = () => ({}) as Client;

it("the first verdict counts, at once or later", async () => {
	const admission = new Admission();
	const [now, later] = [newClient(), newClient()];
	admission.begin(now);
	expect([admission.accept(now), admission.accept(now), admission.reject(now, {})]).toEqual([true, false, false]);
	expect(admission.verdictOf(now)).toBe("accepted");
	admission.begin(later);
	const verdict = admission.verdictOf(later);
	expect([admission.reject(later, { description: "No." }), admission.accept(later)]).toEqual([true, false]);
	expect(await verdict).toMatchObject({ description: "No." });
	expect(admission.accept(newClient())).toBe(false);
});

it("clients that leave before there is a verdict are not remembered", async () => {
	setFlagsFromString("--expose-gc");
	const collect = runInNewContext("gc") as () => void;
	const admission = new Admission();
	const waiting = () => {
		const client = newClient();
		admission.begin(client);
		void admission.verdictOf(client);
		return new WeakRef(client);
	};
	const left = waiting();
	for (let turn = 0; turn < 50 && left.deref() !== undefined; turn++) {
		await new Promise(resolve => setImmediate(resolve));
		collect();
	}
	expect(left.deref()).toBeUndefined();
});
