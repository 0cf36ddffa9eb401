export { RemotingGateway, type RemotingGatewayOptions } from "./remoting-gateway.ts";
