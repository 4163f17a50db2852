// Search in pages opened from a disk: browsers refuse workers there, so this one is a hidden frame that runs the same script.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inside = this.frame.contentWindow;
      // a channel copies what it carries and delivers it later, as between a page and its worker
      const { port1, port2 } = new MessageChannel();
      this.port = port1;
      port1.onmessage = ({ data }) => {
        const told = new MessageEvent("message", { data });
        this.dispatchEvent(told);
        this.onmessage?.(told);
      };
      inside.postMessage = (data) => port2.postMessage(data);
      const script = inside.document.createElement("script");
      script.src = new URL(address, location.href).href;
      // until then the channel keeps what is sent
      script.onload = () => {
        port2.onmessage = ({ data }) => inside.dispatchEvent(new inside.MessageEvent("message", { data }));
      };
      script.onerror = (event) => this.onerror?.(event);
      inside.document.body.append(script);
    }
    postMessage(data) {
      this.port.postMessage(data);
    }
    terminate() {
      this.port.close();
      this.frame.remove();
    }
  };
}
