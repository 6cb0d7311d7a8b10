import { expect } from "chai";

import { OversizeAnswer, readBounded } from "../../../keepers/shared/bounded.ts";

describe("bounded answers", () => {
  /** An answer that never ends; notes whether its reader has gone away. */
  function endless(): { response: Response; isLeft(): boolean } {
    let left = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1_000)),
      cancel: () => void (left = true),
    });
    return { response: new Response(body), isLeft: () => left };
  }

  it("reads what is within the limit, and nothing where there is no body", async () => {
    expect((await readBounded(new Response("abcd"), 4)).toString()).to.equal("abcd");
    expect(await readBounded(new Response(null), 4)).to.have.length(0);
  });

  it("refuses one byte more, and leaves a stream without an end", async () => {
    const refused = await readBounded(new Response("abcde"), 4).catch((error: unknown) => error);
    expect(refused)
      .to.be.instanceOf(OversizeAnswer)
      .with.property("message", "answer above 4 bytes");
    const { response, isLeft } = endless();
    expect(await readBounded(response, 4_500).catch((error: unknown) => error)).to.be.instanceOf(
      OversizeAnswer,
    );
    expect(isLeft()).to.equal(true);
  });
});
