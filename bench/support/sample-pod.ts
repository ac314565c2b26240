/** A pod as a controller makes it, about `bytes` long as JSON: most of it is environment and annotations. */
export function samplePod(index: number, bytes: number): Record<string, unknown> {
  const environment = Array.from({ length: 40 }, (_, count) => ({
    name: `SETTING_${count}`,
    value: `value-${count}-${index}`,
  }));
  const pod = {
    kind: "Pod",
    apiVersion: "v1",
    metadata: {
      name: `web-${String(index).padStart(6, "0")}`,
      namespace: `team-${index % 10}`,
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: {
        app: "web",
        "pod-template-hash": "6d4b75cb6d",
        tier: index % 2 === 0 ? "front" : "back",
        slot: String(index % 1000),
      },
      annotations: {} as Record<string, string>,
    },
    spec: {
      containers: [
        {
          name: "main",
          image: "registry.example/web:1.2.3",
          env: environment,
          resources: { requests: { cpu: "100m" } },
        },
      ],
      nodeName: `node-${index % 50}`,
      restartPolicy: "Always",
      schedulerName: "default-scheduler",
      serviceAccountName: "default",
    },
    status: {
      phase: "Running",
      podIP: `10.0.${index % 250}.${(index >> 8) % 250}`,
      conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
        type,
        status: "True",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      })),
    },
  };
  let length = JSON.stringify(pod).length;
  for (let count = 0; length < bytes; count++) {
    const [name, text] = [
      `example.com/note-${count}`,
      `Some words of text that differ: ${index * 31 + count}. `.repeat(4),
    ];
    pod.metadata.annotations[name] = text;
    // Quotes, colon and comma.
    length += name.length + text.length + 6;
  }
  return pod;
}
