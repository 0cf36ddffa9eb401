/* Connection management: who comes in and who does not, what the server knows of a client, and how it says goodbye. */
import { defineApplication, reject } from "millrace/app";

const app = defineApplication({
	clientState: () => ({ name: "", since: Date.now() }),

	onStart(app) {
		app.log.info(`${app.name} has started.`);
	},

	onConnect(client, name) {
		if (typeof name !== "string" || name.trim() === "") {
			return reject("Who are you?", { hint: "connect(address, name)" });
		}
		client.state.name = name.trim();
		// It arrives behind the answer to connect.
		client.send("serverMessage", `Hello, ${client.state.name}!`);
	},

	onDisconnect(client) {
		const seconds = Math.round((Date.now() - client.state.since) / 1000);
		client.app.log.info(`${client.state.name} was here for ${seconds} s.`);
	},

	methods: {
		/** What the server knows of the caller. */
		whoAmI: client => ({
			name: client.state.name,
			ip: client.ip,
			protocol: client.protocol,
			agent: client.agent,
			clients: client.app.clients.size,
		}),

		/** Ends the caller's connection, after a last word to which the client must have answered. */
		async goodbye(client) {
			await client.call("lastWords", `Goodbye, ${client.state.name}!`);
			client.disconnect();
		},
	},
});

export default app;
