/* HelloServer, as an author of today writes it: the twin of main.asc. */
import { defineApplication, reject } from "millrace/app";

const app = defineApplication({
	clientState: () => ({ name: "" }),

	onStart(app) {
		app.log.info(`${app.name} has started.`);
	},

	onConnect(client, name) {
		if (typeof name !== "string" || name === "") {
			return reject("Who are you?", { hint: "connect(address, name)" });
		}
		client.state.name = name;
		client.send("serverMessage", `Hello, ${name}!`);
	},

	onDisconnect(client) {
		client.app.broadcast("left", client.state.name);
	},

	methods: {
		whoAmI: ({ state, ip, protocol, agent, app }) => ({
			name: state.name,
			ip,
			protocol,
			agent,
			clients: app.clients.size,
		}),
		add: (_client, a: number, b: number) => a + b,
		goodbye(client) {
			client.call("lastWords", `Goodbye, ${client.state.name}!`).then(
				() => client.disconnect(),
				() => {},
			);
		},
	},
});

export default app;
