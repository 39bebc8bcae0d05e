#!/bin/sh
# Runs the study of the ConfigMap `study` by spark-submit alone, without the Spark operator:
#   IMAGE=registry.example/sparktune docker/kubernetes/submit.sh [--gpu] [options of `sparktune tune`]
# MASTER is the address of the cluster's API (kubectl's by default), NAMESPACE its namespace, TRACKING_URI MLflow's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
image=${IMAGE:?must name the image, such as registry.example/sparktune:latest}
master=${MASTER:-$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}')}

if [ "${1:-}" = --gpu ]; then # one GPU for each executor, for one trial at a time; Spark finds its address by the script
    shift
    set -- \
        --conf spark.executor.resource.gpu.amount=1 \
        --conf spark.executor.resource.gpu.vendor=nvidia.com \
        --conf spark.executor.resource.gpu.discoveryScript=/opt/sparktune/bin/gpus.sh \
        --conf spark.task.resource.gpu.amount=1 \
        --conf spark.executor.cores=1 \
        local:///opt/sparktune/share/sparktune/jobs/tune.py --set resources.gpus=1 "$@"
else
    set -- local:///opt/sparktune/share/sparktune/jobs/tune.py "$@"
fi
exec spark-submit --master "k8s://$master" --deploy-mode cluster --name sparktune \
    --properties-file "$here/spark.properties" \
    --conf "spark.kubernetes.namespace=${NAMESPACE:-default}" \
    --conf "spark.kubernetes.container.image=$image" \
    --conf "spark.kubernetes.driver.podTemplateFile=$here/driver-pod.yaml" \
    --conf "spark.kubernetes.executor.podTemplateFile=$here/executor-pod.yaml" \
    "$@" --config /study/study.yaml --set output.directory=/workspace/studies \
    --set "tracking.uri=${TRACKING_URI:-http://mlflow:5000}"
