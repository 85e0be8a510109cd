#!/usr/bin/env bash
# Fetches Kafka for the tests, once, with Maven: brokers, and Kafka's own console consumer. Needs Java 17 or newer.
set -euo pipefail
version=4.1.1
home="${KAFKA_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/certstream-server-nest/kafka}"
if [ -f "$home/libs/kafka_2.13-$version.jar" ]; then exit 0; fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cat >"$work/pom.xml" <<END
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>certstream</groupId>
  <artifactId>kafka-of-the-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>$version</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>$version</version>
      <exclusions>
        <exclusion>
          <groupId>*</groupId>
          <artifactId>*</artifactId>
        </exclusion>
      </exclusions>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
END
mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$work/libs"
mkdir -p "$home"
rm -rf "$home/libs"
mv "$work/libs" "$home/libs"
echo "Kafka $version is in $home"
