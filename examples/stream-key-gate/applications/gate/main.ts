/* Lets an encoder publish a stream whose key it knows: one key a stream, given in the server's configuration. */
import { createHash, timingSafeEqual } from "node:crypto";
import { defineApplication, reject } from "millrace/app";

const app = defineApplication({
	onStart(app) {
		// Keys by the names of streams.
		const streams = Object.keys(app.config);
		if (streams.length === 0) throw new Error("applications.gate.config holds no keys.");
		app.log.info(`There are keys for ${streams.join(", ")}.`);
	},

	onPublish(client, { name, query }) {
		const expected = Object.hasOwn(client.app.config, name) ? String(client.app.config[name]) : undefined;
		const given = new URLSearchParams(query).get("key") ?? "";
		if (expected === undefined || !isSame(given, expected)) {
			client.app.log.warn(`${client.ip} has no key for ${name} (${client.agent}).`);
			return reject(`${name} is not to be published with this key.`);
		}
		client.app.log.info(`${name} is published by ${client.ip} (${client.agent}).`);
	},

	onUnpublish(client, { name }) {
		client.app.log.info(`${name} is no longer published by ${client.ip}.`);
	},
});

/** Takes as long for a key that begins right as for another. */
function isSame(given: string, expected: string): boolean {
	const digest = (text: string) => createHash("sha256").update(text).digest();
	return timingSafeEqual(digest(given), digest(expected));
}

export default app;
