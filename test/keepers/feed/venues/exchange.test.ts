import { expect } from "chai";
import { setImmediate } from "node:timers/promises";
import { venueEntry } from "../../../../keepers/feed/venues/catalogue.ts";
import { openExchange } from "../../../../keepers/feed/venues/exchange.ts";

const URL = "wss://127.0.0.1:1/public";

describe("exchange", () => {
  it("outlives a delayed subscription that is sent on a closed socket, unawaited", async () => {
    const exchange = await openExchange(venueEntry("okx"), new AbortController().signal);
    const client = exchange.client(URL);
    Object.assign(client, {
      connection: {
        send() {
          throw new Error("not open");
        },
      },
    });
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.prependListener("unhandledRejection", note);
    void client.send({ op: "subscribe" });
    await setImmediate();
    await setImmediate();
    process.removeListener("unhandledRejection", note);
    expect(unhandled).to.deep.equal([]);
  });

  it("opens no socket once it is closing", async () => {
    const closing = new AbortController();
    const exchange = await openExchange(venueEntry("okx"), closing.signal);
    closing.abort();
    expect(() => exchange.client(URL)).to.throw("closed");
    expect(exchange.clients).to.deep.equal({});
  });
});
