/* A small shop whose methods are called by Flash Remoting, or over RTMP: prices for everybody, orders for customers. */
import { type Client, defineApplication, reject } from "millrace/app";

/** What an order is on both sides: its class has a name that travels with it. */
export class Order {
	item = "";
	count = 0;
	total = 0;
}

/** Pence apiece. */
const PRICES: ReadonlyMap<string, number> = new Map([
	["apple", 30],
	["pear", 45],
	["plum", 12],
]);

type Orders = { readonly byCustomer: Map<string, Order[]> };

/** Who calls: known by name and password at every request, for remoting has no connection that lasts. */
type Customer = { name: string };

const app = defineApplication({
	state: (): Orders => ({ byCustomer: new Map() }),
	clientState: (): Customer => ({ name: "" }),

	onStart(app) {
		app.registerClass("shop.Order", Order);
	},

	/** Of a remoting client, user and password of the header `Credentials`; nobody need be anybody to look around. */
	onConnect(client, name, password) {
		if (name === undefined) return;
		const expected = Object.hasOwn(client.app.config, String(name)) ? client.app.config[String(name)] : undefined;
		if (expected === undefined || password !== expected) return reject("Wrong name or password.");
		client.state.name = String(name);
	},

	methods: {
		catalogue: {
			items: () => [...PRICES.keys()],
			price: (_client, item: string, count: number) => priceOf(item, count),
		},
		orders: {
			/** Takes an order, and answers it with its price. */
			place(client, order: Order) {
				const placed = Object.assign(new Order(), {
					item: order.item,
					count: order.count,
					total: priceOf(order.item, order.count),
				});
				ordersOf(client).push(placed);
				return placed;
			},
			list: client => ordersOf(client),
		},
	},
});

function priceOf(item: unknown, count: unknown): number {
	const price = PRICES.get(String(item));
	if (price === undefined) throw reject(`There is no ${String(item)} here.`);
	if (typeof count !== "number" || !Number.isInteger(count) || count < 1) throw reject("How many?");
	return price * count;
}

function ordersOf({ app, state }: Client<Orders, Customer>): Order[] {
	if (state.name === "") throw reject("Who are you?", { hint: "the header Credentials" });
	let orders = app.state.byCustomer.get(state.name);
	if (orders === undefined) {
		orders = [];
		app.state.byCustomer.set(state.name, orders);
	}
	return orders;
}

export default app;
